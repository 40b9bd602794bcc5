// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/masks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/base/random.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

void Fill(ImageU8* image, int x0, int y0, int x1, int y1, uint8_t value) {
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) image->At(x, y) = value;
  }
}

long Count(const ImageU8& image) { return std::count(image.data.begin(), image.data.end(), 255); }

TEST(FillHoles, FillsWhatIsEnclosedOnly) {
  ImageU8 mask(40, 40, 1);
  Fill(&mask, 5, 5, 25, 25, 255);
  Fill(&mask, 10, 10, 15, 15, 0);  // Enclosed.
  Fill(&mask, 20, 18, 25, 20, 0);  // Open to the right.
  Fill(&mask, 30, 0, 40, 10, 255);
  Fill(&mask, 33, 0, 36, 4, 0);  // Open to the border above.
  FillHoles(&mask);
  EXPECT_EQ(mask.At(12, 12), 255);
  EXPECT_EQ(mask.At(22, 19), 0);
  EXPECT_EQ(mask.At(34, 2), 0);
  EXPECT_EQ(mask.At(0, 0), 0);
}

TEST(FillHoles, BorderAndFullImages) {
  ImageU8 empty(8, 8, 1), full(8, 8, 1, 255);
  FillHoles(&empty);
  FillHoles(&full);
  EXPECT_EQ(Count(empty), 0);
  EXPECT_EQ(Count(full), 64);
}

// A standing figure of 20 x 100 pixels with its feet at row 149 (the last), in a box around it.
class StandingFigure : public testing::Test {
 protected:
  StandingFigure() { Fill(&foreground_, 90, 50, 110, 150, kForeground); }
  ImageU8 foreground_{200, 200, 1};
  Box box_{79, 50, 42, 100};
};

TEST_F(StandingFigure, FeetAndHeadAreMeasured) {
  const SilhouetteMask cut = CutOutPerson(foreground_, box_, {});
  ASSERT_TRUE(cut.figures.valid);
  EXPECT_NEAR(cut.figures.head_y_px, 49.5, 1e-6);
  EXPECT_NEAR(cut.figures.foot_y_px, 149.5, 1e-6);
  EXPECT_NEAR(cut.figures.foot_x_px, 99.5, 0.01);
  EXPECT_NEAR(cut.figures.head_x_px, 99.5, 0.01);
  EXPECT_NEAR(cut.figures.foreground_share, 20.0 / 42, 0.01);
  EXPECT_FALSE(cut.figures.at_border);
  EXPECT_EQ(Count(cut.mask), 20 * 100);
}

TEST_F(StandingFigure, BlackClothesThatLookLikeShadowBelong) {
  Fill(&foreground_, 92, 70, 108, 100, kShadow);
  EXPECT_EQ(Count(CutOutPerson(foreground_, box_, {}).mask), 20 * 100);
}

TEST_F(StandingFigure, ShadowOnTheGroundDoesNot) {
  Fill(&foreground_, 110, 140, 140, 150, kShadow);
  EXPECT_EQ(Count(CutOutPerson(foreground_, box_, {}).mask), 20 * 100);
}

TEST_F(StandingFigure, NeighboursPixelsAreLeftToThem) {
  Fill(&foreground_, 112, 50, 130, 150, kForeground);  // Somebody else.
  const SilhouetteMask cut = CutOutPerson(foreground_, box_, {Box{100, 50, 42, 100}});
  EXPECT_EQ(Count(cut.mask), 20 * 100);
}

TEST_F(StandingFigure, WhoIsBehindKeepsOnlyWhatShows) {
  Fill(&foreground_, 95, 90, 115, 190, kForeground);  // Somebody nearer, half in front.
  const Box nearer{84, 90, 42, 100};
  const SilhouetteMask behind = CutOutPerson(foreground_, box_, {nearer});
  EXPECT_EQ(Count(behind.mask), 20 * 40);
  EXPECT_FALSE(behind.figures.valid);  // Its feet are not seen.
  const SilhouetteMask front = CutOutPerson(foreground_, nearer, {box_});
  EXPECT_TRUE(front.figures.valid);
  EXPECT_NEAR(front.figures.foot_y_px, 189.5, 1e-6);
  EXPECT_NEAR(front.figures.head_y_px, 89.5, 1e-6);
}

TEST_F(StandingFigure, NothingThereGivesNothing) {
  const SilhouetteMask cut = CutOutPerson(ImageU8(200, 200, 1), box_, {});
  EXPECT_FALSE(cut.figures.valid);
  EXPECT_TRUE(cut.mask.empty());
  EXPECT_FALSE(CutOutPerson(foreground_, Box{500, 500, 42, 100}, {}).figures.valid);
}

// A textured background with a moving figure; the camera stands still, or turns (shifts) slowly.
ClipFrames MovingFigure(double pan_px, std::vector<Box>* truth) {
  constexpr int kWidth = 240, kHeight = 160, kFrames = 30;
  RandomStream random(9, "background");
  ImageU8 wide(kWidth + 100, kHeight, 3);
  for (int y = 0; y < kHeight; y += 4) {
    for (int x = 0; x < wide.width; x += 4) {
      const uint8_t value = static_cast<uint8_t>(random.UniformInt(60, 200));
      for (int k = 0; k < 16; ++k) {
        for (int c = 0; c < 3; ++c) wide.At(x + k % 4, y + k / 4, c) = value;
      }
    }
  }
  Clip clip;
  std::vector<ImageU8> images;
  for (int i = 0; i < kFrames; ++i) {
    ImageU8 image(kWidth, kHeight, 3);
    const int shift = static_cast<int>(pan_px * i), left = 40 + 4 * i;
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        const bool figure = x >= left && x < left + 20 && y >= 50 && y < 130;
        for (int c = 0; c < 3; ++c)
          image.At(x, y, c) = figure ? (c == 0 ? 250 : 10) : wide.At(x + shift, y, c);
      }
    }
    images.push_back(image);
    clip.time_s.push_back(i / 10.0);
    truth->push_back({static_cast<float>(left - 7), 50, 34, 80});
  }
  clip.frame_rate_hz = 10;
  clip.working_from_source = MakeWorkingTransform(kWidth, kHeight, {});
  return ClipFrames::FromImages(images, clip, {}, {});
}

PersonTrack TrackOf(const std::vector<Box>& boxes) {
  PersonTrack track;
  for (size_t i = 0; i < boxes.size(); ++i) {
    track.frames.push_back(static_cast<int>(i));
    track.boxes_px.push_back(boxes[i]);
    track.scores.push_back(0.8f);
    track.detected.push_back(1);
  }
  return track;
}

class MaskPeopleIn : public testing::TestWithParam<CameraRegime> {};

TEST_P(MaskPeopleIn, FigureIsCutOutAndAGhostIsDropped) {
  std::vector<Box> truth;
  const ClipFrames frames = MovingFigure(GetParam() == CameraRegime::kRotation ? 1.0 : 0.0, &truth);
  // Where nobody ever is, and the true one.
  std::vector<PersonTrack> tracks{TrackOf(std::vector<Box>(truth.size(), Box{4, 60, 20, 70})),
                                  TrackOf(truth)};
  tracks[1].id = 1;
  const PersonMasks masks = MaskPeople(frames, GetParam(), {5, 15, 25}, {}, 1, &tracks, nullptr);
  ASSERT_EQ(tracks.size(), 1u);
  EXPECT_EQ(tracks[0].id, 1);
  ASSERT_EQ(masks.people.size(), 3u);
  for (int w = 0; w < 3; ++w) {
    // Colours have half resolution: the outline may be a pixel wide of the truth.
    EXPECT_NEAR(static_cast<double>(Count(masks.people[w])), 20 * 80, 0.16 * 20 * 80) << w;
    const Silhouette& figures = masks.silhouettes[0][masks.frames[w]];
    ASSERT_TRUE(figures.valid);
    EXPECT_NEAR(figures.foot_y_px, 129.5, 2);
    EXPECT_NEAR(figures.head_y_px, 49.5, 2);
    EXPECT_NEAR(figures.foot_x_px, 40 + 4 * masks.frames[w] + 9.5, 2);
  }
}

INSTANTIATE_TEST_SUITE_P(FixedViews,
                         MaskPeopleIn,
                         testing::Values(CameraRegime::kStatic, CameraRegime::kRotation));

TEST(MaskPeople, MovingCameraExcludesGrownBoxes) {
  std::vector<Box> truth;
  const ClipFrames frames = MovingFigure(0, &truth);
  std::vector<PersonTrack> tracks{TrackOf(truth)};
  const PersonMasks masks = MaskPeople(frames, CameraRegime::kParallax, {10}, {}, 1, &tracks, nullptr);
  ASSERT_EQ(tracks.size(), 1u);
  EXPECT_TRUE(masks.silhouettes.empty());
  const ImageU8& mask = masks.people[0];
  EXPECT_EQ(mask.At(90, 90), 255);   // In the box (73 .. 107).
  EXPECT_EQ(mask.At(70, 90), 255);   // 15 % of the width beside it.
  EXPECT_EQ(mask.At(90, 133), 255);  // Below the feet.
  EXPECT_EQ(mask.At(60, 90), 0);
}

}  // namespace
}  // namespace foothold
