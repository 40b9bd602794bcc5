// SPDX-License-Identifier: Apache-2.0
// Bodies of the released objective: held by the cusp of their prior, or moving where more pulls at them.
#include <gtest/gtest.h>

#include "batch_cases.h"
#include "foothold/josh/released_adam.h"
#include "foothold/josh/released_solve.h"

namespace foothold {
namespace {

JointProblem TwoPeople() { return NiceProblems()[1]; }

ReleasedSolveOptions WithPrior(double weight, bool free_bodies) {
  ReleasedSolveOptions options;
  options.weights.prior = weight;
  options.free_bodies = free_bodies;
  return options;
}

TEST(ReleasedBodies, StayWhereTheirPriorHoldsThem) {
  const JointProblem problem = TwoPeople();
  const ReleasedSolution free = SolveReleased(problem, Stick(), WithPrior(100, true), 1);
  const ReleasedSolution frozen = SolveReleased(problem, Stick(), WithPrior(100, false), 1);
  EXPECT_GT(free.align_pull, 0);
  EXPECT_LT(free.align_pull, 1);
  EXPECT_FALSE(free.bodies_moved);
  EXPECT_EQ(Numbers(free.reprojected), Numbers(frozen.reprojected));
}

TEST(ReleasedBodies, MoveWhereMorePulls) {
  const JointProblem problem = TwoPeople();
  ReleasedAdamOptions schedule;
  schedule.weights.prior = 0.05;
  const ReleasedAdamResult adam = MinimizeReleasedByAdam(problem, Stick(), schedule, 1);
  const ReleasedSolution free = SolveReleased(problem, Stick(), WithPrior(0.05, true), 1);
  const ReleasedSolution frozen = SolveReleased(problem, Stick(), WithPrior(0.05, false), 1);
  EXPECT_GT(free.align_pull, 1);
  EXPECT_TRUE(free.bodies_moved);
  const auto total = [&](const JointParameters& parameters, ReleasedStage stage) {
    return EvaluateReleased(problem, Stick(), parameters, stage, schedule.weights, 1, nullptr).total;
  };
  const auto expect_best = [&](ReleasedStage stage,
                               const JointParameters& found,
                               const JointParameters& held,
                               const JointParameters& scheduled) {
    EXPECT_LT(total(found, stage), 0.99 * total(held, stage));
    EXPECT_LT(total(found, stage), 1.01 * total(scheduled, stage));
  };
  expect_best(ReleasedStage::kAlign, free.aligned, frozen.aligned, adam.aligned);
  expect_best(ReleasedStage::kReproject, free.reprojected, frozen.reprojected, adam.reprojected);
}

}  // namespace
}  // namespace foothold
