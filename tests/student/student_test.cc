// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>

#include "foothold/base/error.h"
#include "foothold/student/body_joints.h"
#include "foothold/student/dropout.h"
#include "foothold/student/josh3r.h"
#include "student/random_inputs.h"
#include "support/expect_error.h"

namespace foothold {
namespace {

TEST(Josh3r, FullSizeHasTheReleasedNumberOfParameters) {
  ParameterSet parameters(at::kMeta);
  const Josh3r network{Scope(&parameters), Josh3rConfig()};
  EXPECT_EQ(parameters.NumParameters("mast3r."), 688638856);
  EXPECT_EQ(parameters.NumParameters() - parameters.NumParameters("mast3r."), 65399052);
}

TEST(Josh3r, ConfigJsonRoundTrip) {
  Josh3rConfig written = Josh3rConfig::Tiny();
  written.head_dropout = 0.25;
  const Josh3rConfig read = Josh3rConfigFromJson(ToJson(written), "c");
  EXPECT_EQ(ToJson(read), ToJson(written));
  EXPECT_EQ(read.head_dropout, 0.25);
  Josh3rConfig bad;
  bad.head_dropout = 1;
  EXPECT_NE(bad.Check(), "");
}

struct Student {
  Student() : network(Scope(&parameters), Josh3rConfig::Tiny()) { parameters.Initialise(1); }
  ParameterSet parameters;
  Josh3r network;
};

PairBatch RandomBatch(int64_t count, int64_t rows, int64_t columns) {
  Numbers numbers;
  PairBatch batch;
  batch.images = numbers({count, 2, 3, rows, columns}, 0.5).to(at::kFloat);
  batch.boxes_px = at::tensor({4.0, 2.0, 40.0, 45.0}).expand({count, 2, 4});
  return batch;
}

// A network from scratch says: no motion, and the pointmaps are to scale.
TEST(Josh3r, StartsWithoutMotion) {
  const Student student;
  const c10::NoGradGuard no_gradients;
  const PairPrediction prediction = student.network.Forward(RandomBatch(2, 48, 64), {});
  EXPECT_EQ(prediction.rel_translation.abs().max().item<double>(), 0);
  EXPECT_TRUE(at::equal(prediction.scale1, at::ones({2, 1})));
  EXPECT_TRUE(at::isfinite(prediction.translation1).all().item<bool>());
  EXPECT_EQ(prediction.points2.sizes().vec(), (std::vector<int64_t>{2, 48, 64, 3}));
}

TEST(Josh3r, EncodedImagesGiveTheSame) {
  const Student student;
  const c10::NoGradGuard no_gradients;
  const PairBatch batch = RandomBatch(2, 48, 64);
  const PairPrediction together = student.network.Forward(batch, {});
  const PairPrediction apart =
      student.network.ForwardEncoded(student.network.backbone().Encode(batch.images.select(1, 0)),
                                     student.network.backbone().Encode(batch.images.select(1, 1)),
                                     batch.boxes_px,
                                     {});
  EXPECT_LT((together.rel_rotation - apart.rel_rotation).abs().max().item<double>(), 1e-5);
  EXPECT_LT((together.points1 - apart.points1).abs().max().item<double>(), 1e-5);
}

TEST(Josh3r, TrainingNeedsASeedPerSample) {
  const Student student;
  ForwardMode mode;
  mode.training = true;
  mode.sample_seeds = {1};
  ExpectError(ErrorKind::kContract, {"one seed per sample"}, [&] {
    student.network.Forward(RandomBatch(2, 48, 64), mode);
  });
}

// The full network with random weights: one pair on the CPU, everything that it can say.
TEST(Josh3r, FullSizePairRunsOnTheCpu) {
  if (std::getenv("FOOTHOLD_TEST_ALL") == nullptr) {
    GTEST_SKIP() << "set FOOTHOLD_TEST_ALL=1; takes a minute or two and 4 GB";
  }
  const c10::NoGradGuard no_gradients;
  ParameterSet parameters;
  const Josh3r network{Scope(&parameters), Josh3rConfig()};
  parameters.Initialise(1);
  const PairBatch batch = RandomBatch(1, 384, 512);
  const Mast3r& backbone = network.backbone();
  const ImageTokens first = backbone.Encode(batch.images.select(1, 0)),
                    second = backbone.Encode(batch.images.select(1, 1));
  const PairPrediction prediction = network.ForwardEncoded(first, second, batch.boxes_px, {});
  for (const at::Tensor& output :
       {prediction.rel_rotation, prediction.translation1, prediction.scale2, prediction.points2}) {
    EXPECT_TRUE(at::isfinite(output).all().item<bool>());
  }
  const DenseView view =
      backbone.SecondView(backbone.Decode(first, second).second, /*with_descriptors=*/true);
  EXPECT_TRUE(at::equal(view.points, prediction.points2));
  EXPECT_EQ(view.descriptors.sizes().vec(), (std::vector<int64_t>{1, 384, 512, 24}));
  EXPECT_TRUE(at::isfinite(view.descriptor_confidence).all().item<bool>());
}

TEST(Dropout, DependsOnTheSampleAlone) {
  Numbers numbers;
  const at::Tensor x = numbers({3, 200}) + 10;
  const at::Tensor all = SeededDropout(x, 0.5, {11, 22, 33}, "head.0");
  const at::Tensor other_order =
      SeededDropout(x.index_select(0, at::tensor({2, 0})), 0.5, {33, 11}, "head.0");
  EXPECT_TRUE(at::equal(other_order[0], all[2]));
  EXPECT_TRUE(at::equal(other_order[1], all[0]));
  EXPECT_FALSE(at::equal(SeededDropout(x, 0.5, {11, 22, 33}, "head.1"), all));
  const double kept = (all != 0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(kept, 0.5, 0.1);
  EXPECT_TRUE(at::equal(all.masked_select(all != 0), 2 * x.masked_select(all != 0)));
  EXPECT_TRUE(at::equal(SeededDropout(x, 0, {}, "head.0"), x));
}

// Values that grow linearly show where the samples lie.
TEST(BoxSampling, GridOfTheBox) {
  const int64_t rows = 8, columns = 10, patch = 16;
  const at::Tensor y = at::arange(rows, at::kDouble).view({1, 1, rows, 1}).expand({1, 1, rows, columns});
  const at::Tensor x =
      at::arange(columns, at::kDouble).view({1, 1, 1, columns}).expand({1, 1, rows, columns});
  const at::Tensor maps = at::cat({x, y}, 1);
  const at::Tensor boxes = at::tensor({32.0, 24.0, 128.0, 96.0}, at::kDouble).view({1, 4});
  const at::Tensor sampled = SampleBoxes(maps, boxes, patch * columns, patch * rows);
  ASSERT_EQ(sampled.sizes().vec(), (std::vector<int64_t>{1, 2, 7, 7}));
  // A cell's value stands at its centre: 16 (i + 1/2) pixels.
  EXPECT_NEAR(sampled[0][0][3][0].item<double>(), 32.0 / 16 - 0.5, 1e-12);
  EXPECT_NEAR(sampled[0][0][3][6].item<double>(), 128.0 / 16 - 0.5, 1e-12);
  EXPECT_NEAR(sampled[0][1][0][3].item<double>(), 24.0 / 16 - 0.5, 1e-12);
  EXPECT_NEAR(sampled[0][1][3][3].item<double>(), 60.0 / 16 - 0.5, 1e-12);
  // Beyond the image: the border.
  const at::Tensor outside =
      SampleBoxes(maps, at::tensor({-500.0, -500.0, 900.0, 900.0}, at::kDouble).view({1, 4}), 160, 128);
  EXPECT_EQ(outside[0][0][0][0].item<double>(), 0);
  EXPECT_EQ(outside[0][0][6][6].item<double>(), 9);
}

// The joints of scene/body.h, which has its own tests.
TEST(BodyJoints, EqualPoseSkeleton) {
  const BodyModel model = RandomSkeleton();
  const BodyJoints body(model, at::kCPU, at::kDouble);
  Numbers numbers;
  const at::Tensor shape = numbers({2, 10}), pose = numbers({2, 23, 3}), translation = numbers({2, 3}),
                   root = numbers({2, 3});
  const at::Tensor joints = body(shape, RotationFromAxisAngle(root), pose, translation);
  for (int b = 0; b < 2; ++b) {
    const auto vector = [](const at::Tensor& x) {
      return Vec3d{x[0].item<double>(), x[1].item<double>(), x[2].item<double>()};
    };
    BodyShape coefficients;
    for (int s = 0; s < kNumShape; ++s) coefficients[s] = shape[b][s].item<double>();
    BodyPose expected;
    expected.root = ExpQuaternion(vector(root[b]));
    expected.translation_m = vector(translation[b]);
    for (int k = 0; k < kNumJoints - 1; ++k) expected.joints[k] = ExpQuaternion(vector(pose[b][k]));
    const PosedSkeleton skeleton = PoseSkeleton(model, coefficients, expected);
    for (int k = 0; k < kNumJoints; ++k)
      EXPECT_LT(Norm(vector(joints[b][k]) - skeleton.joints_m[k]), 1e-12) << k;
  }
}

TEST(BodyJoints, RotationsAreRotations) {
  Numbers numbers;
  const at::Tensor identity = at::eye(3, at::kDouble).expand({4, 3, 3});
  for (const at::Tensor& rotation :
       {RotationFromRows(numbers({4, 6})), RotationFromAxisAngle(numbers({4, 3}))}) {
    EXPECT_LT((at::matmul(rotation, rotation.transpose(1, 2)) - identity).abs().max().item<double>(), 1e-12);
    EXPECT_LT((at::linalg_det(rotation) - 1).abs().max().item<double>(), 1e-12);
  }
  EXPECT_TRUE(at::equal(RotationFromAxisAngle(at::zeros({4, 3}, at::kDouble)), identity));
}

}  // namespace
}  // namespace foothold
