// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/scene_cuts.h"

#include "video/test_frames.h"

namespace foothold::video_internal {
namespace {

constexpr double kThreshold = 0.5;  // The default of VideoOptions.

Thumbnail ThumbnailOf(const ImageU8& rgb) {
  ImageU8 copy = rgb;
  return MakeThumbnail(cv::Mat(copy.height, copy.width, CV_8UC3, copy.data.data()));
}

std::vector<Thumbnail> ThumbnailsOf(const std::vector<ImageU8>& frames) {
  std::vector<Thumbnail> thumbnails;
  for (const ImageU8& frame : frames) thumbnails.push_back(ThumbnailOf(frame));
  return thumbnails;
}

std::vector<ImageU8> Concatenate(std::vector<ImageU8> a, const std::vector<ImageU8>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(SceneCuts, DefaultThreshold) { EXPECT_EQ(VideoOptions().cut_threshold, kThreshold); }

TEST(SceneCuts, ConcatenatedShotsAreFound) {
  std::vector<ImageU8> frames = test::SlidingScene(1).Frames(12);
  frames = Concatenate(frames, test::SlidingScene(2).Frames(9));
  frames = Concatenate(frames, test::SlidingScene(3).Frames(10));
  EXPECT_EQ(FindCuts(ThumbnailsOf(frames), kThreshold), (std::vector<int>{12, 21}));
}

TEST(SceneCuts, WalkingAndPanningCamerasAreNotCut) {
  for (const double step_px : {0.0, 1.5, 8.0, 30.0}) {
    EXPECT_TRUE(
        FindCuts(ThumbnailsOf(test::SlidingScene(4).Frames(20, 160, 96, step_px)), kThreshold).empty())
        << step_px;
  }
}

TEST(SceneCuts, LightingFlickerIsNotCut) {
  const test::SlidingScene scene(5);
  std::vector<ImageU8> frames;
  const double gains[] = {1.0, 0.6, 1.25, 0.8};
  for (int i = 0; i < 20; ++i) frames.push_back(scene.Frame(160, 96, i, gains[i % 4]));
  EXPECT_TRUE(FindCuts(ThumbnailsOf(frames), kThreshold).empty());
}

TEST(SceneCuts, FlashIsNotCut) {
  std::vector<ImageU8> frames = test::SlidingScene(6).Frames(20);
  frames[9] = ImageU8(160, 96, 3, 255);
  EXPECT_TRUE(FindCuts(ThumbnailsOf(frames), kThreshold).empty());
  frames[9] = test::SlidingScene(7).Frame(160, 96, 0);
  EXPECT_TRUE(FindCuts(ThumbnailsOf(frames), kThreshold).empty());
}

TEST(SceneCuts, BlackLeaderIsCut) {
  std::vector<ImageU8> frames(8, ImageU8(160, 96, 3, 0));
  frames = Concatenate(frames, test::SlidingScene(8).Frames(10));
  EXPECT_EQ(FindCuts(ThumbnailsOf(frames), kThreshold), std::vector<int>{8});
}

}  // namespace
}  // namespace foothold::video_internal
