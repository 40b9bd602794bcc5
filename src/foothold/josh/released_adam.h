// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/objective/released/objective.h"
#include "foothold/scene/joint_problem.h"

namespace foothold {

// The schedule of the released optimiser: Adam with one learning rate for all parameters, falling as half
// a cosine, fresh in each stage.
struct ReleasedAdamOptions {
  ReleasedWeights weights;
  int align_iterations = 500, reproject_iterations = 200;
  double align_rate = 0.07, reproject_rate = 0.014;
  // The released code registers the shared focal length once per keyframe, so on a CPU it takes as many
  // steps in each iteration (docs/josh.md). For comparison with its results only.
  bool focal_once_per_keyframe = false;
  bool move_bodies = true;
};

struct ReleasedAdamResult {
  JointParameters aligned, reprojected;
  // Losses before each step.
  std::vector<ReleasedLosses> align_curve, reproject_curve;
  // Empty, or what ended it early. The parameters are those before the loss was not finite.
  std::string failure;
};

ReleasedAdamResult MinimizeReleasedByAdam(const JointProblem& problem,
                                          const BodyModel& model,
                                          const ReleasedAdamOptions& options,
                                          int threads);

// Stage 2 alone, from the result of stage 1.
ReleasedAdamResult ReprojectReleasedByAdam(const JointProblem& problem,
                                           const BodyModel& model,
                                           const JointParameters& aligned,
                                           const ReleasedAdamOptions& options,
                                           int threads);

// A stage of the schedule from `start`: the state of the lowest total on the way, `start` itself when none is
// lower.
JointParameters ImproveReleasedByAdam(const JointProblem& problem,
                                      const BodyModel& model,
                                      const JointParameters& start,
                                      ReleasedStage stage,
                                      const ReleasedAdamOptions& options,
                                      int threads);

}  // namespace foothold
