// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "student/random_inputs.h"

namespace foothold {
namespace {

using Function = std::function<at::Tensor(const std::vector<at::Tensor>& inputs)>;

// Derivatives by autograd against central differences, for every number of every input.
void ExpectDerivatives(const std::vector<at::Tensor>& inputs, const Function& function) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : inputs) leaves.push_back(input.clone().set_requires_grad(true));
  function(leaves).backward();
  const c10::NoGradGuard no_gradients;
  constexpr double kStep = 1e-6;
  for (size_t k = 0; k < inputs.size(); ++k) {
    const at::Tensor gradient = leaves[k].grad();
    ASSERT_TRUE(gradient.defined()) << "input " << k;
    for (int64_t i = 0; i < inputs[k].numel(); ++i) {
      const auto value_at = [&](double step) {
        std::vector<at::Tensor> moved = inputs;
        moved[k] = inputs[k].clone();
        moved[k].view({-1})[i] += step;
        return function(moved).item<double>();
      };
      const double expected = (value_at(kStep) - value_at(-kStep)) / (2 * kStep);
      EXPECT_NEAR(
          gradient.reshape({-1})[i].item<double>(), expected, 1e-6 * std::max(1.0, std::abs(expected)))
          << "input " << k << ", number " << i;
    }
  }
}

TEST(Losses, TranslationDerivative) {
  Numbers numbers;
  const at::Tensor target = numbers({5, 3});
  ExpectDerivatives({numbers({5, 3})}, [&](const auto& in) { return TranslationLoss(in[0], target).Mean(); });
}

TEST(Losses, RelativeTranslationDerivative) {
  Numbers numbers;
  const at::Tensor target = numbers({5, 3});
  ExpectDerivatives({numbers({5, 3})},
                    [&](const auto& in) { return RelativeTranslationLoss(in[0], target).Mean(); });
}

TEST(Losses, RotationDerivative) {
  Numbers numbers;
  const at::Tensor target = numbers({5, 6});
  ExpectDerivatives({numbers({5, 6})}, [&](const auto& in) { return RotationLoss(in[0], target).Mean(); });
}

TEST(Losses, ContactScaleDerivative) {
  Numbers numbers;
  const at::Tensor points = numbers({2, 30, 3}), contact = at::rand({2, 4}, at::kDouble);
  const at::Tensor mask = at::arange(60).view({2, 30}) % 3 != 0;
  ExpectDerivatives({numbers({2, 4, 3}), numbers({2, 1}, 0.1, 1.5)}, [&](const auto& in) {
    return ContactScaleLoss(in[0], points, in[1], contact, mask).Mean();
  });
}

TEST(Losses, ContactStaticDerivative) {
  Numbers numbers;
  for (const at::Tensor& contact : {at::Tensor(), at::rand({3, 4}, at::kDouble)}) {
    ExpectDerivatives({numbers({3, 4, 3}), numbers({3, 4, 3})},
                      [&](const auto& in) { return ContactStaticLoss(in[0], in[1], contact).Mean(); });
  }
}

TEST(Losses, DepthDerivative) {
  Numbers numbers;
  const at::Tensor target = numbers({2, 8, 3}), mask = at::arange(16).view({2, 8}) % 3 != 0;
  ExpectDerivatives({numbers({2, 8, 3}), numbers({2, 1}, 0.1, 1.5)},
                    [&](const auto& in) { return DepthLoss(in[0], in[1], target, mask).Mean(); });
}

TEST(Losses, RowsToRotationDerivative) {
  Numbers numbers;
  const at::Tensor weights = numbers({2, 3, 3});
  ExpectDerivatives({numbers({2, 6})},
                    [&](const auto& in) { return (RotationFromRows(in[0]) * weights).sum(); });
}

// Where a distance is zero the derivative is zero, not NaN.
TEST(Losses, NoNanAtTheMinimum) {
  Numbers numbers;
  const at::Tensor target = numbers({2, 3});
  at::Tensor predicted = target.clone().set_requires_grad(true);
  (TranslationLoss(predicted, target).Mean() + RelativeTranslationLoss(predicted, target).Mean()).backward();
  EXPECT_EQ(predicted.grad().abs().max().item<double>(), 0);

  const at::Tensor points = numbers({1, 4, 3});
  at::Tensor joints = points.clone().set_requires_grad(true);
  ContactScaleLoss(joints, points, at::ones({1, 1}, at::kDouble), {}, {}).Mean().backward();
  EXPECT_EQ(joints.grad().abs().max().item<double>(), 0);
}

TEST(Losses, NothingKnownIsZero) {
  Numbers numbers;
  const at::Tensor points = at::full({2, 5, 3}, std::nan(""), at::kDouble),
                   none = at::zeros({2, 5}, at::kBool);
  at::Tensor predicted = numbers({2, 5, 3}).set_requires_grad(true), scale = at::ones({2, 1}, at::kDouble);
  const at::Tensor depth = DepthLoss(predicted, scale, points, none).Mean();
  depth.backward();
  EXPECT_EQ(depth.item<double>(), 0);
  EXPECT_EQ(predicted.grad().abs().max().item<double>(), 0);
  EXPECT_EQ(ContactScaleLoss(numbers({2, 4, 3}), predicted, scale, {}, none).Mean().item<double>(), 0);
  EXPECT_EQ(
      ContactStaticLoss(numbers({2, 4, 3}), numbers({2, 4, 3}), at::zeros({2, 4})).Mean().item<double>(), 0);
}

TEST(Losses, ContactSaysWhichFeetStand) {
  at::Tensor joints1 = at::zeros({1, 4, 3}, at::kDouble), joints2 = joints1.clone();
  joints2[0][0][0] = 3.0;  // The left foot moves; its ankle and the right ones do not.
  EXPECT_EQ(ContactStaticLoss(joints1, joints2, {}).Mean().item<double>(), 0);
  const at::Tensor left = at::tensor({1.0, 0.0, 1.0, 0.0}).view({1, 4});
  EXPECT_EQ(ContactStaticLoss(joints1, joints2, left).Mean().item<double>(), 1.5);
  // The nearest point is the one that the mask leaves.
  const at::Tensor points = at::tensor({0.0, 0.0, 0.0, 0.0, 2.0, 0.0}, at::kDouble).view({1, 2, 3});
  const at::Tensor scale = at::ones({1, 1}, at::kDouble), mask = at::tensor({0, 1}).view({1, 2}) > 0;
  EXPECT_EQ(ContactScaleLoss(joints1, points, scale, {}, {}).Mean().item<double>(), 0);
  EXPECT_EQ(ContactScaleLoss(joints1, points, scale, {}, mask).Mean().item<double>(), 2);
}

// A batch and its targets, of a random body.
struct Example {
  explicit Example(int64_t count) {
    Numbers numbers;
    prediction.rel_translation = numbers({count, 3});
    prediction.rel_rotation = numbers({count, 6});
    prediction.translation1 = numbers({count, 3}, 0.3, 2);
    prediction.translation2 = numbers({count, 3}, 0.3, 2);
    prediction.points1 = numbers({count, 4, 5, 3}, 1, 2);
    prediction.points2 = numbers({count, 4, 5, 3}, 1, 2);
    prediction.scale1 = numbers({count, 1}, 0.1, 1);
    prediction.scale2 = numbers({count, 1}, 0.1, 1);
    targets.rel_translation = numbers({count, 3});
    targets.rel_rotation = numbers({count, 6});
    targets.rotation1 = numbers({count, 6});
    targets.rotation2 = numbers({count, 6});
    targets.translation1 = numbers({count, 3});
    targets.translation2 = numbers({count, 3});
    targets.shape = numbers({count, 10});
    targets.pose = numbers({count, 2, 23, 3}, 0.3);
    targets.points = numbers({count, 2, 4, 5, 3}, 1, 2);
    targets.points_mask = numbers({count, 2, 4, 5}) > -0.5;
  }
  PairPrediction prediction;
  PairTargets targets;
};

// Sums and weights of two parts add up to those of the whole: ranks need no more.
TEST(Losses, PartsAddUpToTheBatch) {
  const BodyJoints body(RandomSkeleton(), at::kCPU, at::kDouble);
  const Example whole(6);
  const PairLosses together = ComputePairLosses(whole.prediction, whole.targets, body);
  std::vector<PairLosses> parts;
  for (const auto& [start, count] : {std::pair<int64_t, int64_t>(0, 2), std::pair<int64_t, int64_t>(2, 4)}) {
    Example part(6);
    for (at::Tensor* tensor : {&part.prediction.rel_translation,
                               &part.prediction.rel_rotation,
                               &part.prediction.translation1,
                               &part.prediction.translation2,
                               &part.prediction.points1,
                               &part.prediction.points2,
                               &part.prediction.scale1,
                               &part.prediction.scale2,
                               &part.targets.rel_translation,
                               &part.targets.rel_rotation,
                               &part.targets.rotation1,
                               &part.targets.rotation2,
                               &part.targets.translation1,
                               &part.targets.translation2,
                               &part.targets.shape,
                               &part.targets.pose,
                               &part.targets.points,
                               &part.targets.points_mask}) {
      *tensor = tensor->narrow(0, start, count);
    }
    parts.push_back(ComputePairLosses(part.prediction, part.targets, body));
  }
  for (const auto& [name, term] : together.terms) {
    const LossTerm &a = parts[0].Term(name), &b = parts[1].Term(name);
    EXPECT_NEAR((a.sum + b.sum).item<double>(), term.sum.item<double>(), 1e-12) << name;
    EXPECT_EQ((a.weight + b.weight).item<double>(), term.weight.item<double>()) << name;
  }
}

// In the first camera, a body whose predicted motion is the true one meets the scene where it did.
TEST(Losses, SecondPointsInTheFirstCamera) {
  const BodyJoints body(RandomSkeleton(), at::kCPU, at::kDouble);
  Example example(1);
  const at::Tensor rotation1 = RotationFromRows(example.targets.rotation1);
  const at::Tensor rotation2 = at::matmul(rotation1, RotationFromRows(example.prediction.rel_rotation));
  const at::Tensor translation2 =
      at::matmul(rotation1, example.prediction.rel_translation.unsqueeze(-1)).squeeze(-1) +
      example.prediction.translation1;
  const at::Tensor joints =
      body(example.targets.shape, rotation2, example.targets.pose.select(1, 1), translation2);
  at::Tensor points = example.prediction.points2.reshape({1, 20, 3});
  for (int k = 0; k < 4; ++k) points[0][3 * k] = joints[0][kContactJoints[k]];
  example.prediction.points2 = points.view({1, 4, 5, 3});
  example.prediction.scale2 = at::ones({1, 1}, at::kDouble);
  const auto contact2 = [&](SecondPoints frame) {
    return ComputePairLosses(example.prediction, example.targets, body, frame)
        .Term("contact_scale2")
        .Mean()
        .item<double>();
  };
  EXPECT_NEAR(contact2(SecondPoints::kFirstCamera), 0, 1e-12);
  EXPECT_GT(contact2(SecondPoints::kOwnCamera), 0.01);
}

TEST(Losses, TotalIsTheSumOfMeans) {
  const BodyJoints body(RandomSkeleton(), at::kCPU, at::kDouble);
  const Example example(3);
  const PairLosses losses = ComputePairLosses(example.prediction, example.targets, body);
  double sum = 0;
  for (const auto& [name, term] : losses.terms) sum += term.Mean().item<double>();
  EXPECT_NEAR(losses.Total().item<double>(), sum, 1e-12);
}

TEST(Losses, TargetsThatAreNotFiniteAreNamed) {
  Example example(2);
  EXPECT_EQ(FirstNonFinite(example.targets), "");
  example.targets.points[1][0][2][3][1] = INFINITY;
  example.targets.points_mask[1][0][2][3] = false;
  EXPECT_EQ(FirstNonFinite(example.targets), "");
  example.targets.points_mask[1][0][2][3] = true;
  EXPECT_EQ(FirstNonFinite(example.targets), "points");
  example.targets.pose[0][0][0][0] = std::nan("");
  EXPECT_EQ(FirstNonFinite(example.targets), "pose");
}

}  // namespace
}  // namespace foothold
