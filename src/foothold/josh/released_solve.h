// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/objective/released/objective.h"
#include "foothold/scene/joint_problem.h"
#include "foothold/solver/summary.h"

namespace foothold {

struct ReleasedSolveOptions {
  ReleasedWeights weights;
  int align_iterations = 12;      // At most, of stage 1.
  int reproject_iterations = 12;  // At most, of stage 2.
  // Whether bodies may move. Their prior has a cusp at the start (its slope there is the weight), so
  // a body stays exactly where it is unless the other terms pull harder than that. Where they do, Adam takes
  // cameras and bodies on from the second-order solution of each stage.
  bool free_bodies = false;
};

struct ReleasedSolution {
  JointParameters aligned, reprojected;  // After stage 1, after stage 2.
  int align_iterations = 0, reproject_iterations = 0;
  SolverSummary summary;
  // With free_bodies: largest pull of the other terms on a body's parameters (root, translation, joints of a
  // frame; shape of a track) over the slope of its prior, before bodies move, in stage 1 and 2. Below 1 the
  // bodies' start is a minimum of the whole objective, exactly.
  double align_pull = 0, reproject_pull = 0;
  bool bodies_moved = false;
};

// Minimises the released objective by Levenberg-Marquardt on absolute cameras, log sizes and focal
// length: stage 1, then stage 2 from its result. `problem` is valid (CheckJointProblem). Always finite.
// `threads` does not change a bit of the result.
ReleasedSolution SolveReleased(const JointProblem& problem,
                               const BodyModel& model,
                               const ReleasedSolveOptions& options,
                               int threads);

}  // namespace foothold
