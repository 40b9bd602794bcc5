// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/regime.h"

#include <gtest/gtest.h>

#include "foothold/base/random.h"
#include "perception_classical/rendered_scene.h"

namespace foothold {
namespace {

constexpr int kWidth = 320, kHeight = 240, kFrames = 31;
const Pinholed kPinhole{260, 159.5, 119.5};

// Poses as a function of the frame, sensor noise, and a bright block (a "person") that walks through.
ClipFrames Render(Rigid3d (*pose)(double seconds)) {
  const Clip clip = testing::ClipOf(kFrames, 15, kWidth, kHeight);
  std::vector<ImageU8> images;
  RandomStream random(1, "noise");
  for (int frame = 0; frame < kFrames; ++frame) {
    ImageU8 image = testing::RenderRoom(kPinhole, kWidth, kHeight, pose(clip.time_s[frame]), nullptr);
    for (int y = 100; y < 190; ++y) {
      for (int x = 40 + 5 * frame; x < 70 + 5 * frame; ++x) {
        for (int c = 0; c < 3; ++c)
          image.At(x, y, c) = static_cast<uint8_t>(150 + 40 * ((x - 5 * frame) / 7 % 2) + y % 30);
      }
    }
    for (uint8_t& value : image.data) {
      value = static_cast<uint8_t>(std::clamp(value + 1.5 * random.Normal(), 0.0, 255.0));
    }
    images.push_back(std::move(image));
  }
  return ClipFrames::FromImages(images, clip, {}, FramesOptions());
}

std::vector<int> Keyframes() { return {0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30}; }

// The walking block, as the tracker would report it.
std::vector<PersonTrack> Walker() {
  PersonTrack track;
  for (int frame = 0; frame < kFrames; ++frame) {
    track.frames.push_back(frame);
    track.boxes_px.push_back({40.0f + 5 * frame, 100, 30, 90});
    track.scores.push_back(1);
    track.detected.push_back(1);
  }
  return {track};
}

CameraRegime ClassifyMoving(const ClipFrames& frames) {
  const std::vector<FeatureTrack> tracks = TrackFeatures(frames, Walker(), Keyframes(), KltOptions());
  RegimeFigures figures;
  const CameraRegime regime =
      ClassifyMovingCamera(tracks, Keyframes(), frames.clip().time_s, RegimeOptions(), &figures);
  EXPECT_GT(figures.num_pairs, 0);
  return regime;
}

TEST(Regime, AStandingCameraIsStaticThoughSomebodyWalksThrough) {
  RegimeFigures figures;
  EXPECT_TRUE(IsStaticCamera(Render([](double) { return Rigid3d::Identity(); }), RegimeOptions(), &figures));
  EXPECT_GT(figures.num_pairs, 3);
}

TEST(Regime, ATurningCameraRotates) {
  const ClipFrames frames = Render([](double s) {
    return Rigid3d{ExpQuaternion(Vec3d{0.03 * std::sin(2 * s), 0.15 * s, 0.01 * s}), {0, 0, 0}};
  });
  EXPECT_FALSE(IsStaticCamera(frames, RegimeOptions(), nullptr));
  EXPECT_EQ(ClassifyMoving(frames), CameraRegime::kRotation);
}

TEST(Regime, AWalkingCameraHasParallax) {
  const ClipFrames frames = Render([](double s) {
    return Rigid3d{Quatd::Identity(), {0.3 * s, 0, 0.6 * s}};
  });
  EXPECT_FALSE(IsStaticCamera(frames, RegimeOptions(), nullptr));
  EXPECT_EQ(ClassifyMoving(frames), CameraRegime::kParallax);
}

TEST(Regime, ACameraThatStandsAndThenMovesIsNotStatic) {
  const ClipFrames frames = Render([](double s) {
    return Rigid3d{Quatd::Identity(), {s < 1.2 ? 0 : 0.6 * (s - 1.2), 0, 0}};
  });
  EXPECT_FALSE(IsStaticCamera(frames, RegimeOptions(), nullptr));
}

TEST(Tracks, FollowTheSceneAndAvoidPeople) {
  const ClipFrames frames = Render([](double s) { return Rigid3d{Quatd::Identity(), {0.3 * s, 0, 0}}; });
  const std::vector<PersonTrack> people = Walker();
  const std::vector<FeatureTrack> tracks = TrackFeatures(frames, people, Keyframes(), KltOptions());
  ASSERT_GT(tracks.size(), 100u);
  std::vector<double> errors;
  for (const FeatureTrack& track : tracks) {
    const int first = track.first_frame, last = track.end_frame() - 1;
    for (int frame = first; frame <= last; ++frame) {
      const Box& box = *BoxAt(people[0], frame);
      const Vec2f p = track.At(frame);
      EXPECT_FALSE(p[0] > box.x && p[0] < box.x + box.width && p[1] > box.y && p[1] < box.y + box.height);
    }
    // Wall points (the upper half) move by exactly f dx / z.
    if (track.At(first)[1] > 110) continue;
    const double moved = track.At(first)[0] - track.At(last)[0];
    errors.push_back(std::abs(moved - 260 * 0.3 * (last - first) / 15.0 / 9));
  }
  ASSERT_GT(errors.size(), 30u);
  std::sort(errors.begin(), errors.end());
  EXPECT_LT(errors[errors.size() * 9 / 10], 0.3);
}

}  // namespace
}  // namespace foothold
