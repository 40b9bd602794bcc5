// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/objective/variables.h"
#include "foothold/scene/observations.h"
#include "foothold/scene/reconstruction.h"

namespace foothold {

// Cameras of all frames from those of the keyframes: between two keyframes each frame moves as
// perception saw it move, seen from both keyframes and blended, its translations scaled to the
// optimised step.
std::vector<Rigid3d> InterpolateCameras(const std::vector<int>& keyframes,
                                        const std::vector<Rigid3d>& optimised_at_keys,
                                        const std::vector<Rigid3d>& initial);

// Everything of a result but the scene points, from the optimised parameters: cameras and bodies at
// all frames (corrections at keyframes are interpolated, so detail between them stays), metric depths,
// contacts, flags. With `hold_planted_feet`, feet planted at both ends of an interval stay planted in it.
// `spent`: the keyframes of `observations` when nobody needs their depths any more; they are moved into the
// result instead of copied (a long clip has gigabytes of them). Null otherwise.
Reconstruction AssembleReconstruction(const Observations& observations,
                                      const Variables& variables,
                                      const ParameterView& view,
                                      bool hold_planted_feet,
                                      std::vector<Keyframe>* spent = nullptr);

// Turns the world so that y points along gravity where the ground is known, and otherwise so that the
// first camera's axes are the world's. The first camera's centre becomes the origin.
void OrientWorld(const GroundPlane& ground, Reconstruction* reconstruction, const BodyModel& body);

}  // namespace foothold
