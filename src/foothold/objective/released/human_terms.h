// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/objective/released/match_terms.h"
#include "foothold/objective/released/objective.h"

namespace foothold {

// Adds scale, planted (static), prior and smooth of every track to `losses`, each averaged over tracks
// with their numbers of bodies as weights, and their weighted derivatives to `by_camera` and
// gradient->by when `gradient` is given. A track without entries of a term counts 0 there.
void AddHumanTerms(const JointProblem& problem,
                   const BodyModel& model,
                   const JointParameters& parameters,
                   const ReleasedCameras& cameras,
                   const ReleasedWeights& weights,
                   ReleasedGradient* gradient,
                   CameraGradient* by_camera,
                   ReleasedLosses* losses);

}  // namespace foothold
