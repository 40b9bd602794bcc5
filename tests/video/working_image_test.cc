// SPDX-License-Identifier: Apache-2.0
#include "video/test_frames.h"

namespace foothold {
namespace {

VideoOptions Fit(const std::string& fit, int long_edge_px = 512) {
  VideoOptions options;
  options.working_fit = fit;
  options.working_long_edge_px = long_edge_px;
  return options;
}

TEST(WorkingTransform, SidesAndScaleOfCommonSizes) {
  const ImageTransform hd = MakeWorkingTransform(1920, 1080, Fit("crop"));
  EXPECT_EQ(hd.width, 512);
  EXPECT_EQ(hd.height, 288);
  EXPECT_DOUBLE_EQ(hd.scale_x, 512.0 / 1920);
  const ImageTransform upright = MakeWorkingTransform(1080, 1920, Fit("crop"));
  EXPECT_EQ(upright.width, 288);
  EXPECT_EQ(upright.height, 512);
  const ImageTransform small = MakeWorkingTransform(320, 240, Fit("crop"));  // Not enlarged.
  EXPECT_EQ(small.width, 320);
  EXPECT_EQ(small.height, 240);
}

TEST(WorkingTransform, CropCoversAndPadContains) {
  for (const auto& [width, height] : {std::pair{720, 480}, {853, 480}, {641, 1137}, {1000, 130}}) {
    for (const char* fit : {"crop", "pad"}) {
      const ImageTransform t = MakeWorkingTransform(width, height, Fit(fit));
      EXPECT_EQ(t.width % 16, 0);
      EXPECT_EQ(t.height % 16, 0);
      EXPECT_EQ(t.scale_x, t.scale_y);
      // Source borders (half a pixel outside the outermost centres) in the working image.
      const double left = t.scale_x * -0.5 + t.offset_x_px, right = t.scale_x * (width - 0.5) + t.offset_x_px;
      const double top = t.scale_y * -0.5 + t.offset_y_px,
                   bottom = t.scale_y * (height - 0.5) + t.offset_y_px;
      const double sign = std::string(fit) == "crop" ? 1 : -1;
      EXPECT_LE(sign * (left + 0.5), 1e-9);
      EXPECT_LE(sign * (top + 0.5), 1e-9);
      EXPECT_GE(sign * (right - (t.width - 0.5)), -1e-9);
      EXPECT_GE(sign * (bottom - (t.height - 0.5)), -1e-9);
    }
  }
}

// A linear ramp goes through any symmetric filter unchanged, so each working pixel must equal the ramp
// at the source position that the transform says: the transform is exact to a hundredth of a pixel.
TEST(WorkingImage, RampFollowsTheTransform) {
  for (const char* fit : {"crop", "pad"}) {
    ImageU8 source(250, 170, 3);
    for (int y = 0; y < source.height; ++y) {
      for (int x = 0; x < source.width; ++x) {
        source.At(x, y, 0) = static_cast<uint8_t>(x);
        source.At(x, y, 1) = static_cast<uint8_t>(y);
        source.At(x, y, 2) = 77;
      }
    }
    const ImageTransform t = MakeWorkingTransform(source.width, source.height, Fit(fit, 128));
    const ImageU8 working = ToWorkingImage(source, t);
    ASSERT_EQ(working.width, 128);
    for (int y = 2; y < working.height - 2; ++y) {
      for (int x = 2; x < working.width - 2; ++x) {
        const double source_x = (x - t.offset_x_px) / t.scale_x, source_y = (y - t.offset_y_px) / t.scale_y;
        if (source_x < 3 || source_y < 3 || source_x > 246 || source_y > 166) continue;
        ASSERT_NEAR(working.At(x, y, 0), source_x, 0.52) << x << ' ' << y;
        ASSERT_NEAR(working.At(x, y, 1), source_y, 0.52) << x << ' ' << y;
        ASSERT_EQ(working.At(x, y, 2), 77);
      }
    }
  }
}

TEST(WorkingImage, PaddingIsBlack) {
  const ImageU8 source(300, 100, 3, 200);
  const ImageTransform t = MakeWorkingTransform(300, 100, Fit("pad", 160));
  const ImageU8 working = ToWorkingImage(source, t);
  EXPECT_EQ(working.height, 48);
  const int rows = static_cast<int>(std::lround(100 * t.scale_y));
  int bright = 0;
  for (int y = 0; y < working.height; ++y) bright += working.At(80, y) == 200;
  EXPECT_EQ(bright, rows);
}

TEST(WorkingImage, WrongSizeIsAContractError) {
  const ImageTransform t = MakeWorkingTransform(300, 100, Fit("pad", 160));
  EXPECT_THROW(ToWorkingImage(ImageU8(299, 100, 3), t), Error);
}

}  // namespace
}  // namespace foothold
