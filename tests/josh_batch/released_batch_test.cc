// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/released_batch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "batch_cases.h"
#include "foothold/device/device.h"
#include "support/expect_error.h"

namespace foothold {
namespace {

void ExpectSameBits(const ReleasedBatchResult& a, const ReleasedBatchResult& b) {
  EXPECT_EQ(a.problem, b.problem);
  EXPECT_EQ(Numbers(a.solution.aligned), Numbers(b.solution.aligned));
  EXPECT_EQ(Numbers(a.solution.reprojected), Numbers(b.solution.reprojected));
  EXPECT_EQ(a.solution.summary.iterations.size(), b.solution.summary.iterations.size());
}

bool AllFinite(const ReleasedBatchResult& result) {
  for (const JointParameters* parameters : {&result.solution.aligned, &result.solution.reprojected}) {
    for (const double x : Numbers(*parameters)) {
      if (!std::isfinite(x)) return false;
    }
  }
  return true;
}

TEST(ReleasedBatch, ReachesTheTotalsOfTheSingleSolver) {
  const std::vector<JointProblem> problems = NiceProblems();
  ReleasedBatchOptions options;
  options.solve.align_iterations = options.solve.reproject_iterations = 25;
  const auto results = SolveReleasedBatch(Pointers(problems), Stick(), options, BatchDevice::kCpu);
  for (size_t p = 0; p < problems.size(); ++p) {
    SCOPED_TRACE(p);
    const ReleasedSolution alone = SolveReleased(problems[p], Stick(), options.solve, 1);
    const ReleasedSolution& batch = results[p].solution;
    EXPECT_EQ(results[p].problem, "");
    EXPECT_EQ(batch.summary.num_parameters, alone.summary.num_parameters);
    EXPECT_EQ(batch.summary.iterations.front().stage, alone.summary.iterations.front().stage);
    EXPECT_NEAR(batch.summary.iterations.front().cost,
                alone.summary.iterations.front().cost,
                1e-5 * alone.summary.iterations.front().cost);
    // Without people one fixed size alone keeps the others from shrinking to nothing, and the path there
    // depends on the last bits. Without pairs the single solver lets the focal length leave its range.
    if (problems[p].tracks.empty() || problems[p].pairs.empty()) continue;
    const auto total = [&](const JointParameters& parameters, ReleasedStage stage) {
      return EvaluateReleased(problems[p], Stick(), parameters, stage, {}, 1, nullptr).total;
    };
    for (const auto& [stage, a, b] :
         {std::tuple{ReleasedStage::kAlign, &alone.aligned, &batch.aligned},
          std::tuple{ReleasedStage::kReproject, &alone.reprojected, &batch.reprojected}}) {
      EXPECT_NEAR(total(*b, stage), total(*a, stage), 1e-4 * total(*a, stage));
    }
    // The summary tells the same story.
    ASSERT_EQ(batch.summary.terms.size(), alone.summary.terms.size());
    for (size_t t = 0; t < batch.summary.terms.size(); ++t) {
      const auto &got = batch.summary.terms[t], &expected = alone.summary.terms[t];
      EXPECT_EQ(got.name, expected.name);
      EXPECT_EQ(got.weight, expected.weight);
      EXPECT_EQ(got.num_residuals, expected.num_residuals);
      EXPECT_NEAR(got.final, expected.final, 1e-2 * expected.final + 1e-6) << got.name;
    }
  }
}

TEST(ReleasedBatch, BitsDependOnNothingElse) {
  const std::vector<JointProblem> problems = NiceProblems();
  ReleasedBatchOptions options;
  const auto together = SolveReleasedBatch(Pointers(problems), Stick(), options, BatchDevice::kCpu);
  for (size_t p = 0; p < problems.size(); ++p) {
    SCOPED_TRACE(p);
    const auto alone = SolveReleasedBatch({&problems[p]}, Stick(), options, BatchDevice::kCpu);
    ExpectSameBits(alone[0], together[p]);
  }
  options.threads = 3;
  options.memory_budget_bytes = 8 << 20;  // Several batches.
  ReleasedBatchSolver solver(options, BatchDevice::kCpu);
  for (int round = 0; round < 2; ++round) {  // Memory that has been used before.
    const auto again = solver.Solve(Pointers(problems), Stick());
    for (size_t p = 0; p < problems.size(); ++p) ExpectSameBits(again[p], together[p]);
  }
}

TEST(ReleasedBatch, BadProblemsAreReportedForThemselves) {
  const std::vector<JointProblem> nice = NiceProblems();
  const auto expected = SolveReleasedBatch(Pointers(nice), Stick(), {}, BatchDevice::kCpu);
  std::vector<JointProblem> mixed = {nice[0], nice[1], nice[0], nice[1], nice[2]};
  mixed[1].matches.confidence[3] = std::nanf("");              // Not valid.
  for (float& omega : mixed[2].matches.omega1) omega = 1e38f;  // Valid, but sums overflow.
  mixed[3].matches.omega2[0] = 1e25f;                          // One gross match whose square does.
  const auto results = SolveReleasedBatch(Pointers(mixed), Stick(), {}, BatchDevice::kCpu);
  ExpectSameBits(results[0], expected[0]);
  ExpectSameBits(results[4], expected[2]);
  EXPECT_NE(results[1].problem.find("confidence"), std::string::npos) << results[1].problem;
  EXPECT_NE(results[2].problem.find("not finite"), std::string::npos) << results[2].problem;
  for (const auto& result : results) EXPECT_TRUE(AllFinite(result)) << result.problem;
}

TEST(ReleasedBatch, TooLargeProblemsAreReportedForThemselves) {
  std::vector<JointProblem> problems = NiceProblems();
  RandomProblemOptions long_clip;
  long_clip.keyframes = 120;
  long_clip.window = 1;
  long_clip.matches_per_pair = 10;
  problems.push_back(MakeRandomProblem(long_clip, Stick()));
  ReleasedBatchOptions options;
  options.memory_budget_bytes = 400 << 10;
  const auto results = SolveReleasedBatch(Pointers(problems), Stick(), options, BatchDevice::kCpu);
  EXPECT_NE(results[5].problem.find("120 keyframes"), std::string::npos) << results[5].problem;
  EXPECT_NE(results[4].problem.find("memory budget"), std::string::npos) << results[4].problem;
  EXPECT_EQ(results[3].problem, "");
  for (const auto& result : results) EXPECT_TRUE(AllFinite(result));
}

TEST(ReleasedBatch, RandomProblemsEndFiniteAndRepeat) {
  const bool all = std::getenv("FOOTHOLD_TEST_ALL") != nullptr;
  const int count = all ? 1000 : 20;
  ReleasedBatchOptions options;
  options.threads = 2;
  for (int first = 0; first < count; first += 20) {
    std::vector<JointProblem> problems;
    for (int p = 0; p < 20; ++p)
      problems.push_back(MakeRandomProblem(RandomProblemSizes(first + p), Stick()));
    const auto results = SolveReleasedBatch(Pointers(problems), Stick(), options, BatchDevice::kCpu);
    const int again = first / 20 % 20;
    const auto alone = SolveReleasedBatch({&problems[again]}, Stick(), options, BatchDevice::kCpu);
    ExpectSameBits(alone[0], results[again]);
    for (int p = 0; p < 20; ++p) {
      SCOPED_TRACE("seed " + std::to_string(first + p));
      EXPECT_EQ(results[p].problem, "");
      EXPECT_TRUE(AllFinite(results[p]));
      for (const auto& term : results[p].solution.summary.terms) EXPECT_TRUE(std::isfinite(term.final));
      // With sizes that people hold, the objective ends no higher than it began.
      if (problems[p].tracks.empty()) continue;
      const auto total = [&](const JointParameters& parameters, ReleasedStage stage) {
        return EvaluateReleased(problems[p], Stick(), parameters, stage, {}, 1, nullptr).total;
      };
      const JointParameters initial = InitialParameters(problems[p]);
      const double start = total(initial, ReleasedStage::kAlign);
      EXPECT_LE(total(results[p].solution.aligned, ReleasedStage::kAlign), start * (1 + 1e-3) + 1e-4);
    }
  }
}

TEST(ReleasedBatch, RefusesWhatItCannotDo) {
  ReleasedBatchOptions options;
  options.solve.free_bodies = true;
  ExpectError(ErrorKind::kUsage, {"bodies"}, [&] { ReleasedBatchSolver(options, BatchDevice::kCpu); });
  EXPECT_TRUE(SolveReleasedBatch({}, Stick(), {}, BatchDevice::kCpu).empty());
  if (DeviceCount() > 0) GTEST_SKIP() << "this machine has a GPU";
  ExpectError(ErrorKind::kDevice, {"no usable GPU", WhyNoDevice()}, [] {
    SolveReleasedBatch({}, Stick(), {}, BatchDevice::kCuda);
  });
}

}  // namespace
}  // namespace foothold
