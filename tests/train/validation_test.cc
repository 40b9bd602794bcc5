// SPDX-License-Identifier: Apache-2.0
// Errors that validation reports, on pairs whose errors are known.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "foothold/train/synthetic_source.h"
#include "foothold/train/validation_metrics.h"
#include "student/random_inputs.h"

namespace foothold {
namespace {

constexpr int kPairs = 6;

// Those of the source do not turn; these do, each by its own angle.
PairTargets TurningPairs() {
  SyntheticSource source(SyntheticPairs{.rows_px = 16, .columns_px = 16}, kPairs, 0, 1);
  PairTargets targets = source.Next().targets;
  Numbers numbers;
  targets.rel_rotation =
      RotationFromAxisAngle(numbers({kPairs, 3}, 0.2)).to(at::kFloat).slice(1, 0, 2).flatten(1);
  return targets;
}

struct Pairs {
  PairTargets targets = TurningPairs();
  BodyJoints body{RandomSkeleton(), at::kCPU, at::kFloat};
  MeanMotion mean{targets.rel_translation.mean(0), targets.rel_rotation.mean(0)};

  PairPrediction Truth() const {
    PairPrediction said;
    said.rel_translation = targets.rel_translation.clone();
    said.rel_rotation = targets.rel_rotation.clone();
    said.translation1 = targets.translation1.clone();
    said.translation2 = targets.translation2.clone();
    return said;
  }
  std::map<std::string, double> ErrorsOf(const PairPrediction& said) const {
    std::map<std::string, double> errors;
    for (const auto& [name, term] : PairErrors(said, targets, body, mean))
      errors[name] = term.Mean().item<double>();
    return errors;
  }
};

at::Tensor Along(double x_m) { return at::tensor({x_m, 0.0, 0.0}, at::kFloat); }

TEST(PairErrors, OfTheTruthAreNone) {
  const Pairs pairs;
  const auto errors = pairs.ErrorsOf(pairs.Truth());
  EXPECT_LT(errors.at("rel_translation_error"), 1e-6);
  EXPECT_LT(errors.at("rel_rotation_deg"), 0.1);  // acos of 1 - 1e-7 is 0.03 degrees.
  EXPECT_LT(errors.at("motion_mpjpe_mm"), 0.01);
  EXPECT_LT(errors.at("pair_mpjpe_mm"), 0.01);
}

TEST(PairErrors, OfAMotionThatIsTooLong) {
  const Pairs pairs;
  PairPrediction said = pairs.Truth();
  said.rel_translation += Along(0.3);
  const auto errors = pairs.ErrorsOf(said);
  const double way_m = pairs.targets.rel_translation.norm(2, {1}, false).sum().item<double>();
  EXPECT_NEAR(errors.at("rel_translation_error"), 0.3 * kPairs / way_m, 1e-5);
  EXPECT_NEAR(errors.at("motion_mpjpe_mm"), 300, 0.1);
  EXPECT_NEAR(errors.at("pair_mpjpe_mm"), 150, 0.1);  // The first body is where it should be.
}

TEST(PairErrors, OfATurn) {
  const Pairs pairs;
  PairPrediction said = pairs.Truth();
  const double angle = 10 * std::numbers::pi / 180;
  const at::Tensor turn = RotationFromAxisAngle(at::tensor({0.0, angle, 0.0}, at::kFloat));
  const at::Tensor turned = at::matmul(RotationFromRows(said.rel_rotation), turn);
  said.rel_rotation = turned.slice(1, 0, 2).flatten(1);
  const auto errors = pairs.ErrorsOf(said);
  EXPECT_NEAR(errors.at("rel_rotation_deg"), 10, 0.01);
  EXPECT_LT(errors.at("rel_translation_error"), 1e-6);
  EXPECT_GT(errors.at("motion_mpjpe_mm"), 10);
}

// Where a person stands is no matter of its motion.
TEST(PairErrors, OfAPlace) {
  const Pairs pairs;
  PairPrediction said = pairs.Truth();
  said.translation1 += Along(0.2);
  const auto errors = pairs.ErrorsOf(said);
  EXPECT_NEAR(errors.at("pair_mpjpe_mm"), 200, 0.1);
  EXPECT_LT(errors.at("motion_mpjpe_mm"), 0.01);
}

TEST(PairErrors, OfTheMeanMotion) {
  const Pairs pairs;
  PairPrediction said = pairs.Truth();
  said.rel_translation = pairs.mean.rel_translation.expand({kPairs, 3}).clone();
  said.rel_rotation = pairs.mean.rel_rotation.expand({kPairs, 6}).clone();
  const auto errors = pairs.ErrorsOf(said);
  for (const std::string name : {"rel_translation_error", "rel_rotation_deg", "motion_mpjpe_mm"}) {
    EXPECT_DOUBLE_EQ(errors.at(name), errors.at("mean_motion/" + name)) << name;
    EXPECT_GT(errors.at(name), 1e-3) << name;
  }
}

TEST(MeanMotion, IsThatOfTheNextBatchesAndLeavesTheSource) {
  SyntheticSource source(SyntheticPairs{.rows_px = 16, .columns_px = 16}, 4, 0, 1);
  source.Next();
  const std::string position = source.Position();
  const auto messages = MakeSoloCommunicator();
  const MeanMotion mean = MeasureMeanMotion(&source, 3, messages.get());
  EXPECT_EQ(source.Position(), position);
  at::Tensor translation = at::zeros({3}), rotation = at::zeros({6});
  for (int i = 0; i < 3; ++i) {
    const PairTargets targets = source.Next().targets;
    translation += targets.rel_translation.sum(0) / 12;
    rotation += targets.rel_rotation.sum(0) / 12;
  }
  EXPECT_LT((mean.rel_translation - translation).abs().max().item<double>(), 1e-6);
  EXPECT_LT((mean.rel_rotation - rotation).abs().max().item<double>(), 1e-6);
}

}  // namespace
}  // namespace foothold
