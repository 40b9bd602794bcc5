// SPDX-License-Identifier: Apache-2.0
#include "support/random_joint_problem.h"

#include <gtest/gtest.h>

#include <set>

#include "batch_cases.h"

namespace foothold {
namespace {

TEST(RandomJointProblem, IsValid) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const JointProblem problem = MakeRandomProblem(RandomProblemSizes(seed), Stick());
    const auto wrong = CheckJointProblem(problem, Stick().num_vertices);
    EXPECT_TRUE(wrong.empty()) << "seed " << seed << ": " << wrong.front();
  }
}

TEST(RandomJointProblem, Repeats) {
  const RandomProblemOptions options = RandomProblemSizes(7);
  const JointProblem a = MakeRandomProblem(options, Stick()), b = MakeRandomProblem(options, Stick());
  EXPECT_EQ(a.matches.omega1, b.matches.omega1);
  EXPECT_EQ(a.core_depth_m, b.core_depth_m);
  RandomProblemOptions other = options;
  other.seed = 8;
  EXPECT_NE(a.core_depth_m, MakeRandomProblem(other, Stick()).core_depth_m);
}

TEST(RandomJointProblem, CoversTheSizes) {
  std::set<int> keyframes, people;
  int without_matches = 0, split = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const RandomProblemOptions options = RandomProblemSizes(seed);
    keyframes.insert(options.keyframes);
    people.insert(options.people);
    without_matches += options.matches_per_pair == 0;
    split += options.disconnected;
  }
  EXPECT_EQ(*keyframes.begin(), 1);
  EXPECT_EQ(*keyframes.rbegin(), 60);
  EXPECT_EQ(people, (std::set<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_GT(without_matches, 0);
  EXPECT_GT(split, 0);
}

TEST(RandomJointProblem, LooksLikeAVideo) {
  RandomProblemOptions options;
  options.keyframes = 12;
  options.matches_per_pair = 500;
  options.leave_probability = 0;
  const JointProblem problem = MakeRandomProblem(options, Stick());
  ASSERT_EQ(problem.tracks.size(), 1u);
  EXPECT_EQ(problem.tracks[0].keyframes.size(), 12u);
  // Most pixels of one keyframe are seen by its neighbours, and most feet by the camera.
  EXPECT_GT(problem.matches.size(), 0.3 * 500 * problem.num_pairs());
  EXPECT_GT(problem.tracks[0].scale_contacts.size(), 12u);
  EXPECT_GT(problem.tracks[0].static_contacts.size(), 12u);
  for (const float depth : problem.median_depth_m) {
    EXPECT_GT(depth, 0.5f);
    EXPECT_LT(depth, 20.0f);
  }
}

}  // namespace
}  // namespace foothold
