// SPDX-License-Identifier: Apache-2.0
// Slow errors of perception's rotations: what is taken out, and what is left alone.
#include "foothold/josh/steady_pose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "foothold/josh/josh.h"
#include "foothold/scene/synthetic.h"
#include "foothold/scene/synthetic_signal.h"
#include "labels/body_file.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

constexpr double kRate_hz = 30;

std::vector<double> Times(int count) {
  std::vector<double> time_s;
  for (int i = 0; i < count; ++i) time_s.push_back(i / kRate_hz);
  return time_s;
}

std::vector<double> Gait(const std::vector<double>& time_s, double amplitude, double period_s) {
  std::vector<double> angle;
  for (const double t : time_s) {
    const double phase = 2 * std::numbers::pi * t / period_s;
    angle.push_back(amplitude * (std::sin(phase) + 0.3 * std::cos(2 * phase)));
  }
  return angle;
}

double Rms(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

std::vector<double> Minus(std::vector<double> a, const std::vector<double>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

TEST(SlowError, IsTakenOffAGait) {
  const std::vector<double> time_s = Times(240);
  const SteadyPoseOptions options;
  double before = 0, after = 0;
  for (int seed = 0; seed < 10; ++seed) {
    RandomStream random(seed, "slow error");
    std::vector<double> error = synthetic::SmoothNoise(240, options.error_kernel_s * kRate_hz, &random);
    std::vector<double> seen = Gait(time_s, 0.3, 1.03);
    for (size_t i = 0; i < seen.size(); ++i) seen[i] += options.error_rad * error[i];
    for (double& e : error) e *= options.error_rad;
    before += Rms(error) / 10;
    after += Rms(Minus(error, SlowError(time_s, seen, options))) / 10;
  }
  EXPECT_LT(after, 0.65 * before);  // The part that lasts longer than the track is not observable.
}

TEST(SlowError, OfAnExactGaitIsSmall) {
  const std::vector<double> time_s = Times(150);
  EXPECT_LT(Rms(SlowError(time_s, Gait(time_s, 0.3, 1.1), {})), 0.01);
}

// A person who bends down moves by far more than perception errs. Three per cent of the motion is taken.
TEST(SlowError, LeavesLargeMotionAlone) {
  const std::vector<double> time_s = Times(150);
  std::vector<double> angle;
  for (const double t : time_s) angle.push_back(0.6 * std::tanh(2 * (t - 2.5)));
  EXPECT_LT(Rms(SlowError(time_s, angle, {})), 0.04);
}

TEST(SlowError, GapsAndLongTracksAreFinite) {
  std::vector<double> time_s = Times(600);
  for (size_t i = 300; i < time_s.size(); ++i) time_s[i] += 1e7;
  const std::vector<double> error = SlowError(time_s, Gait(time_s, 0.2, 1), {});
  for (const double e : error) EXPECT_TRUE(std::isfinite(e));
  EXPECT_LT(Rms(error), 0.02);  // A tenth of the gait.
}

// Seed 6 of synthetic_table: the start happens to be lucky, and without steadying, twisted arms
// in the two frames that W-MPJPE aligns on made the result worse than it.
class SteadyPeopleTest : public testing::Test {
 protected:
  SteadyPeopleTest() : body_(labels::ReadBodyModel(labels::DefaultBodyModelPath())) {
    SyntheticOptions options;
    options.num_frames = 120;
    clip_ = MakeSyntheticClip(body_, options, "bench6", 6, 2);
    noisy_ = AddNoise(clip_, body_, NoiseOptions(), 6);
  }
  SyntheticScores Score(const Reconstruction& reconstruction) const {
    return ScoreReconstruction(reconstruction, clip_.truth, body_);
  }

  BodyModel body_;
  SyntheticClip clip_;
  Observations noisy_;
};

TEST_F(SteadyPeopleTest, NoWorseThanALuckyStart) {
  const SyntheticScores initial = Score(InitialReconstruction(noisy_, body_));
  const SyntheticScores steady = Score(OptimizeJointly(noisy_, body_, JoshOptions(), 2).reconstruction);
  JoshOptions options;
  options.steady_poses = false;
  const SyntheticScores unsteady = Score(OptimizeJointly(noisy_, body_, options, 2).reconstruction);
  EXPECT_LT(steady.w_mpjpe_mm, initial.w_mpjpe_mm);
  EXPECT_LT(steady.mpjpe_mm, 0.85 * initial.mpjpe_mm);
  EXPECT_LT(steady.mpjpe_mm, 0.85 * unsteady.mpjpe_mm);
}

TEST_F(SteadyPeopleTest, ThreadsDoNotMatterAndShortTracksStay) {
  const auto one = SteadyPeople(noisy_, 1), two = SteadyPeople(noisy_, 2);
  ASSERT_EQ(one.size(), 1u);
  for (size_t i = 0; i < one[0].size(); ++i) {
    EXPECT_EQ(one[0][i].root.x, two[0][i].root.x);
    EXPECT_EQ(one[0][i].translation_m[2], noisy_.people[0].frames[i].body_in_cam.translation_m[2]);
  }
  noisy_.people[0].frames.resize(20);
  const auto short_track = SteadyPeople(noisy_, 1);
  for (size_t i = 0; i < short_track[0].size(); ++i) {
    EXPECT_EQ(short_track[0][i].root.x, noisy_.people[0].frames[i].body_in_cam.root.x);
  }
}

}  // namespace
}  // namespace foothold
