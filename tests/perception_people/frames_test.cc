// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/frames.h"

#include <gtest/gtest.h>

#include <cmath>

#include "foothold/base/error.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

ImageU8 Ramp(int width, int height) {
  ImageU8 image(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.At(x, y, 0) = static_cast<uint8_t>(40 + 150 * x / width);
      image.At(x, y, 1) = static_cast<uint8_t>(40 + 150 * y / height);
      image.At(x, y, 2) = 90;
    }
  }
  return image;
}

ClipFrames Frames(int width, int height, int count, const std::vector<int>& working) {
  Clip clip;
  for (int i = 0; i < count; ++i) clip.time_s.push_back(0.1 * i);
  clip.frame_rate_hz = 10;
  clip.working_from_source = MakeWorkingTransform(width, height, {});
  return ClipFrames::FromImages(std::vector<ImageU8>(count, Ramp(width, height)), clip, working, {});
}

TEST(ClipFrames, ShrinksToTheAnalysisSizeAndNeverEnlarges) {
  const ClipFrames large = Frames(1920, 1080, 1, {});
  EXPECT_EQ(large.width(), 960);
  EXPECT_EQ(large.height(), 540);
  const ClipFrames small = Frames(321, 241, 1, {});  // Odd sides.
  EXPECT_EQ(small.width(), 321);
  EXPECT_EQ(small.Rgb(0).height, 241);
}

TEST(ClipFrames, BoxesGoThereAndBack) {
  const ClipFrames frames = Frames(1920, 1080, 1, {});
  // Pixel (0, 0) of the analysis image covers source pixels 0 and 1: its centre is at 0.5.
  EXPECT_NEAR(frames.SourceFromAnalysis({0, 0, 1, 1}).x, 0.5, 1e-6);
  const Box box = frames.SourceFromAnalysis(frames.AnalysisFromSource({100, 200, 50, 120}));
  EXPECT_NEAR(box.x, 100, 1e-3);
  EXPECT_NEAR(box.y, 200, 1e-3);
  EXPECT_NEAR(box.width, 50, 1e-3);
  EXPECT_NEAR(box.height, 120, 1e-3);
}

TEST(ClipFrames, ColoursComeBack) {
  const ClipFrames frames = Frames(320, 240, 1, {});
  const ImageU8 truth = Ramp(320, 240), rgb = frames.Rgb(0);
  for (int y = 4; y < 236; y += 7) {
    for (int x = 4; x < 316; x += 7) {
      for (int c = 0; c < 3; ++c) ASSERT_NEAR(rgb.At(x, y, c), truth.At(x, y, c), 3);
      const double luma = 0.299 * truth.At(x, y, 0) + 0.587 * truth.At(x, y, 1) + 0.114 * truth.At(x, y, 2);
      ASSERT_NEAR(frames.Gray(0).At(x, y), luma, 1);
    }
  }
}

TEST(ClipFrames, WorkingImagesAreKeptOfWantedFramesOnly) {
  const ClipFrames frames = Frames(640, 480, 5, {0, 3});
  EXPECT_EQ(frames.WorkingRgb(3).width, 512);
  EXPECT_EQ(frames.WorkingRgb(3).height, 384);
  EXPECT_THROW(frames.WorkingRgb(2), Error);
  EXPECT_THROW(frames.WorkingRgb(4), Error);
}

}  // namespace
}  // namespace foothold
