// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/depth.h"

#include <gtest/gtest.h>

#include "foothold/perception/classical/matches.h"
#include "foothold/perception/classical/statistics.h"
#include "perception_classical/rendered_scene.h"

namespace foothold {
namespace {

constexpr int kWidth = 256, kHeight = 192, kKeyframes = 6;
const Pinholed kPinhole{220, 127.5, 95.5};

struct Rendered {
  std::vector<KeyframeImages> keyframes;
  std::vector<Rigid3d> world_from_cam;
  std::vector<ImageF> depth;
};

// A camera that walks sideways and forward; a block in the corner is marked as a person.
Rendered RenderKeyframes() {
  Rendered rendered;
  for (int k = 0; k < kKeyframes; ++k) {
    const Rigid3d pose{ExpQuaternion(Vec3d{0, 0.01 * k, 0}), {0.12 * k, 0, 0.05 * k}};
    KeyframeImages images;
    ImageF depth;
    images.color = testing::RenderRoom(kPinhole, kWidth, kHeight, pose, &depth);
    images.gray = ImageU8(kWidth, kHeight);
    for (size_t i = 0; i < images.gray.data.size(); ++i) images.gray.data[i] = images.color.data[3 * i];
    images.exclude = ImageU8(kWidth, kHeight);
    for (int y = 120; y < 160; ++y) {
      for (int x = 20; x < 50; ++x) images.exclude.At(x, y) = 255;
    }
    images.person_mask = images.exclude;
    rendered.keyframes.push_back(std::move(images));
    rendered.world_from_cam.push_back(pose);
    rendered.depth.push_back(std::move(depth));
  }
  return rendered;
}

TEST(Depth, RecoversTheScene) {
  const Rendered rendered = RenderKeyframes();
  const DenseDepth dense =
      ComputeDenseDepth(rendered.keyframes, rendered.world_from_cam, kPinhole, DepthOptions(), 2);
  ASSERT_EQ(dense.depth.size(), static_cast<size_t>(kKeyframes));
  for (int k = 0; k < kKeyframes; ++k) {
    std::vector<double> errors;
    for (size_t i = 0; i < rendered.depth[k].data.size(); ++i) {
      const float depth = dense.depth[k].data[i], confidence = dense.confidence[k].data[i];
      ASSERT_TRUE(std::isfinite(depth) && confidence >= 0 && confidence <= 1);
      if (rendered.keyframes[k].exclude.data[i] != 0) {
        ASSERT_EQ(confidence, 0);
      }
      if (confidence > 0.3f) errors.push_back(std::abs(depth / rendered.depth[k].data[i] - 1));
    }
    EXPECT_GT(errors.size(), 0.4 * kWidth * kHeight) << k;
    EXPECT_LT(Median(errors), 0.02) << k;
    EXPECT_LT(Quantile(errors, 0.9), 0.08) << k;
  }
}

TEST(Depth, ThreadsDoNotChangeTheResult) {
  const Rendered rendered = RenderKeyframes();
  const DenseDepth one =
      ComputeDenseDepth(rendered.keyframes, rendered.world_from_cam, kPinhole, DepthOptions(), 1);
  const DenseDepth two =
      ComputeDenseDepth(rendered.keyframes, rendered.world_from_cam, kPinhole, DepthOptions(), 3);
  for (int k = 0; k < kKeyframes; ++k) {
    EXPECT_EQ(one.depth[k].data, two.depth[k].data);
    EXPECT_EQ(one.confidence[k].data, two.confidence[k].data);
  }
}

TEST(Matches, LandWhereTheDepthSays) {
  const Rendered rendered = RenderKeyframes();
  const DenseDepth dense =
      ComputeDenseDepth(rendered.keyframes, rendered.world_from_cam, kPinhole, DepthOptions(), 2);
  const std::vector<KeyframePair> pairs = MatchKeyframes(rendered.keyframes,
                                                         dense.forward_flow,
                                                         dense.backward_flow,
                                                         rendered.world_from_cam,
                                                         kPinhole,
                                                         MatchOptions(),
                                                         2);
  ASSERT_EQ(pairs.size(), static_cast<size_t>(kKeyframes * (kKeyframes - 1) / 2));
  for (const KeyframePair& pair : pairs) {
    EXPECT_GT(pair.matches.size(), 150u) << pair.i << " " << pair.j;
    std::vector<double> errors;
    for (const PixelMatch& match : pair.matches) {
      const int x = static_cast<int>(match.x_i), y = static_cast<int>(match.y_i);
      EXPECT_EQ(rendered.keyframes[pair.i].exclude.At(x, y), 0);
      EXPECT_GT(match.confidence, 0);
      const Vec3d in_i = static_cast<double>(rendered.depth[pair.i].At(x, y)) *
                         Unproject(kPinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const Vec2d in_j = Project(
          kPinhole, Inverse(rendered.world_from_cam[pair.j]) * (rendered.world_from_cam[pair.i] * in_i));
      errors.push_back(Norm(in_j - Vec2d{match.x_j, match.y_j}));
    }
    EXPECT_LT(Median(errors), 0.5) << pair.i << " " << pair.j;
  }
}

TEST(Matches, EpipolarDistanceIsZeroForAProjectedPointAndGrowsAcrossTheLine) {
  const Rigid3d j_from_i{ExpQuaternion(Vec3d{0.05, -0.1, 0.02}), {0.4, 0.1, -0.2}};
  const Vec3d point{0.5, -0.3, 4};
  const Vec2d in_i = Project(kPinhole, point), in_j = Project(kPinhole, j_from_i * point);
  EXPECT_NEAR(EpipolarDistance(j_from_i, kPinhole, in_i, in_j), 0, 1e-9);
  const Vec2d farther = Project(kPinhole, j_from_i * (2.0 * point));
  EXPECT_NEAR(EpipolarDistance(j_from_i, kPinhole, in_i, farther), 0, 1e-9);
  const Vec2d along = Normalized(farther - in_j), across{-along[1], along[0]};
  const double distance = EpipolarDistance(j_from_i, kPinhole, in_i, in_j + 2.0 * across);
  EXPECT_GT(distance, 0.9);  // First order: shared between both images.
  EXPECT_LT(distance, 2.01);
}

}  // namespace
}  // namespace foothold
