// SPDX-License-Identifier: Apache-2.0
// The minimisers of the released objective against the totals that the released schedule reaches.
#include "foothold/josh/released_solve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "foothold/josh/released_adam.h"
#include "labels/body_file.h"
#include "labels/joint_problem_file.h"
#include "support/parity_file.h"

namespace foothold {
namespace {

const BodyModel& Model() {
  static const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  return model;
}

double Total(const JointProblem& problem, const JointParameters& parameters, ReleasedStage stage) {
  return EvaluateReleased(problem, Model(), parameters, stage, {}, 2, nullptr).total;
}

class ReleasedMinimisers : public testing::Test {
 protected:
  void SetUp() override {
    names_ = ParityFilesLike("joint_");
    if (names_.empty()) {
      GTEST_SKIP() << "PARITY NOT CHECKED: no " << ParityPath("joint_*.h5")
                   << "; set FOOTHOLD_PARITY_DIR to the folder of reference values";
    }
  }
  std::vector<std::string> names_;
};

TEST_F(ReleasedMinimisers, SecondOrderReachesLessThanAdam) {
  for (const std::string& name : names_) {
    SCOPED_TRACE(name);
    const ParityFile file(name);
    const JointProblem problem = labels::ReadJointProblem(ParityPath(name), Model().num_vertices);
    ReleasedSolveOptions options;
    options.free_bodies = true;
    const ReleasedSolution solution = SolveReleased(problem, Model(), options, 2);
    // Adam's last steps leave the bodies a little off, which its prior pays for; ours stay.
    const std::string stage1 = "expected/adam/stage1/final/",
                      stage2 = "expected/adam_focal_once/stage2/final/";
    const double adam1 = file.Double(stage1 + "total") - 100 * file.Double(stage1 + "prior");
    const double adam2 = file.Double(stage2 + "total") - 100 * file.Double(stage2 + "prior");
    EXPECT_LE(Total(problem, solution.aligned, ReleasedStage::kAlign), 1.001 * adam1);
    EXPECT_LE(Total(problem, solution.reprojected, ReleasedStage::kReproject), adam2);
    EXPECT_LE(solution.align_iterations, 15);
    EXPECT_LE(solution.reproject_iterations, 15);
    // The bodies' start is a minimum: no other term pulls harder than the prior's cusp holds.
    EXPECT_GT(solution.align_pull, 0);
    EXPECT_LT(std::max(solution.align_pull, solution.reproject_pull), 1);
  }
}

TEST_F(ReleasedMinimisers, ThreadsDoNotChangeABit) {
  const JointProblem problem = labels::ReadJointProblem(ParityPath(names_.back()), Model().num_vertices);
  const ReleasedSolution one = SolveReleased(problem, Model(), {}, 1);
  const ReleasedSolution three = SolveReleased(problem, Model(), {}, 3);
  EXPECT_EQ(one.reprojected.log_size, three.reprojected.log_size);
  EXPECT_EQ(one.reprojected.log_focal, three.reprojected.log_focal);
  for (size_t i = 0; i < one.reprojected.camera_tau_m.size(); ++i) {
    EXPECT_EQ(one.reprojected.camera_tau_m[i], three.reprojected.camera_tau_m[i]);
  }
}

TEST_F(ReleasedMinimisers, AdamEndsWhereTheReleasedScheduleDoes) {
  for (const std::string& name : names_) {
    const JointProblem problem = labels::ReadJointProblem(ParityPath(name), Model().num_vertices);
    // The large problem takes a minute.
    if (problem.matches.size() > 100000 && std::getenv("FOOTHOLD_TEST_ALL") == nullptr) continue;
    SCOPED_TRACE(name);
    const ParityFile file(name);
    const ReleasedAdamResult once = MinimizeReleasedByAdam(problem, Model(), {}, 2);
    EXPECT_EQ(once.failure, "");
    ReleasedAdamOptions options;
    options.focal_once_per_keyframe = true;
    const ReleasedAdamResult repeated = ReprojectReleasedByAdam(problem, Model(), once.aligned, options, 2);
    const double stage1 = file.Double("expected/adam/stage1/final/total");
    const double stage2 = file.Double("expected/adam/stage2/final/total");
    const double stage2_once = file.Double("expected/adam_focal_once/stage2/final/total");
    EXPECT_NEAR(Total(problem, once.aligned, ReleasedStage::kAlign), stage1, 0.005 * stage1);
    EXPECT_NEAR(
        Total(problem, once.reprojected, ReleasedStage::kReproject), stage2_once, 0.005 * stage2_once);
    EXPECT_NEAR(Total(problem, repeated.reprojected, ReleasedStage::kReproject), stage2, 0.005 * stage2);
  }
}

}  // namespace
}  // namespace foothold
