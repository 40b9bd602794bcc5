// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/random.h"
#include "foothold/pipeline/scan/parts.h"
#include "foothold/pipeline/scan/picture_judge.h"
#include "support/expect_error.h"

namespace foothold {
namespace {

// A picture of its own for each seed: blocks of random colours, with a square at (x, y).
ImageU8 Picture(int seed, int x = -1, int y = -1, double gain = 1) {
  RandomStream random(static_cast<uint64_t>(seed), "picture");
  ImageU8 image(256, 144, 3);
  for (int by = 0; by < 9; ++by) {
    for (int bx = 0; bx < 16; ++bx) {
      const uint8_t gray = static_cast<uint8_t>(gain * random.UniformInt(0, 255));
      for (int py = 16 * by; py < 16 * by + 16; ++py) {
        for (int px = 16 * bx; px < 16 * bx + 16; ++px) {
          for (int c = 0; c < 3; ++c) image.At(px, py, c) = gray;
        }
      }
    }
  }
  for (int py = std::max(0, y); x >= 0 && py < std::min(144, y + 20); ++py) {
    for (int px = x; px < std::min(256, x + 8); ++px) {
      for (int c = 0; c < 3; ++c) image.At(px, py, c) = static_cast<uint8_t>(px / 2 % 2 * 255);
    }
  }
  return image;
}

ThumbPair Place(const ImageU8& first, const ImageU8& second) { return {MakeThumb(first), MakeThumb(second)}; }

TEST(JudgePictures, OneStillPicture) {
  EXPECT_EQ(JudgePictures(std::vector<ThumbPair>(6, Place(Picture(1), Picture(1))), {}).reason,
            "static_image");
  // Noise of a code does not count.
  ImageU8 noisy = Picture(1);
  RandomStream random(2, "noise");
  for (uint8_t& value : noisy.data) {
    value = static_cast<uint8_t>(std::clamp(value + random.UniformInt(-4, 4), 0, 255));
  }
  EXPECT_EQ(JudgePictures({Place(Picture(1), noisy), Place(noisy, Picture(1))}, {}).reason, "static_image");
}

TEST(JudgePictures, ASmallFigureThatMovesIsNoStillPicture) {
  std::vector<ThumbPair> places;
  for (int i = 0; i < 6; ++i) places.push_back(Place(Picture(1, 30 * i, 60), Picture(1, 30 * i + 8, 60)));
  EXPECT_EQ(JudgePictures(places, {}).reason, "");
}

TEST(JudgePictures, Slideshow) {
  std::vector<ThumbPair> places;
  for (int i = 0; i < 6; ++i) places.push_back(Place(Picture(i / 2), Picture(i / 2)));
  EXPECT_EQ(JudgePictures(places, {}).reason, "slideshow");
  // People who stand still now and then, before a static camera.
  for (int i = 0; i < 6; ++i) places[i] = Place(Picture(1, 40 * i, 60), Picture(1, 40 * i, 60));
  EXPECT_EQ(JudgePictures(places, {}).reason, "");
  // Cuts between shots that move.
  for (int i = 0; i < 6; ++i) places[i] = Place(Picture(i, 50, 60), Picture(i, 90, 60));
  EXPECT_EQ(JudgePictures(places, {}).reason, "");
}

TEST(JudgePictures, TooDark) {
  std::vector<ThumbPair> places;
  for (int i = 0; i < 6; ++i) places.push_back(Place(Picture(i, -1, -1, 0.1), Picture(i + 9, -1, -1, 0.1)));
  EXPECT_EQ(JudgePictures(places, {}).reason, "too_dark");
  places[0] = Place(Picture(0), Picture(1));
  EXPECT_EQ(JudgePictures(places, {}).reason, "");
}

TEST(JudgePictures, ThresholdsCanBeTurnedOff) {
  ScanOptions options;
  options.still_level = 0;
  options.dark_level = 0;
  const std::vector<ThumbPair> still(6, Place(Picture(1, -1, -1, 0.05), Picture(1, -1, -1, 0.05)));
  EXPECT_EQ(JudgePictures(still, options).reason, "");
  EXPECT_EQ(JudgePictures({}, {}).reason, "");
}

TEST(JudgePictures, OnlyABandChanges) {
  std::vector<ThumbPair> places;
  for (int i = 0; i < 6; ++i) places.push_back(Place(Picture(1, 40 * i, 110), Picture(1, 40 * i + 8, 110)));
  EXPECT_TRUE(OnlyABandChanges(places, {}));
  places[3] = Place(Picture(1, 100, 10), Picture(1));
  EXPECT_FALSE(OnlyABandChanges(places, {}));
  EXPECT_FALSE(OnlyABandChanges({Place(Picture(1), Picture(1))}, {}));
}

TEST(ShrinkTo, KeepsShapeAndSmallPictures) {
  EXPECT_EQ(ShrinkTo(512, Picture(1)).width, 256);
  const ImageU8 small = ShrinkTo(128, Picture(1));
  EXPECT_EQ(small.width, 128);
  EXPECT_EQ(small.height, 72);
}

ManifestRow LongRow(int num_frames) {
  ManifestRow row;
  row.unit.id = "v.mp4";
  row.unit.path = "/v.mp4";
  row.unit.priority = 3;
  row.caption = "long";
  row.facts.frame_rate_hz = 10;
  row.facts.num_frames = num_frames;
  row.facts.width = 640;
  row.facts.height = 360;
  return row;
}

TEST(CutIntoParts, ShortVideosStayWhole) {
  const std::vector<ManifestRow> units = CutIntoParts(LongRow(2700), {});  // 4.5 minutes, parts of 3.
  ASSERT_EQ(units.size(), 1u);
  EXPECT_EQ(units[0].unit.kind, Unit::Kind::kVideo);
  ScanOptions never;
  never.part_minutes = 0;
  EXPECT_EQ(CutIntoParts(LongRow(1000000), never).size(), 1u);
  ManifestRow rejected = LongRow(1000000);
  rejected.unit.rejected_reason = "no_people";
  EXPECT_EQ(CutIntoParts(rejected, {}).size(), 1u);
}

TEST(CutIntoParts, PartsLieSideBySideAndThenJoin) {
  const int num_frames = 10001;
  const std::vector<ManifestRow> units = CutIntoParts(LongRow(num_frames), {});
  ASSERT_EQ(units.size(), 7u);  // Six parts of about three minutes.
  const Unit& join = units.back().unit;
  EXPECT_EQ(join.kind, Unit::Kind::kJoin);
  EXPECT_EQ(join.num_parts, 6);
  EXPECT_EQ(join.id, "v.mp4");
  EXPECT_EQ(units.back().caption, "long");
  EXPECT_EQ(units[0].unit.begin, 0);
  EXPECT_EQ(units[5].unit.end, -1);  // To wherever the video ends.
  for (int i = 0; i < 6; ++i) {
    const Unit& part = units[i].unit;
    EXPECT_EQ(part.kind, Unit::Kind::kPart);
    EXPECT_EQ(part.id, "v.mp4#000" + std::to_string(i + 1));
    EXPECT_EQ(part.path, "/v.mp4");
    EXPECT_EQ(part.priority, 3);
    EXPECT_EQ(units[i].caption, "");
    if (i < 5) {
      EXPECT_EQ(part.end, units[i + 1].unit.begin);
    }
    EXPECT_GT(part.cost_s, join.cost_s);
  }
}

TEST(CutIntoParts, RangesStayWhole) {
  ManifestRow row = LongRow(100000);
  row.unit.begin = 50000;
  EXPECT_EQ(CutIntoParts(row, {}).size(), 1u);
  row.unit.begin = 0;
  row.unit.end = 90000;
  EXPECT_EQ(CutIntoParts(row, {}).size(), 1u);
}

}  // namespace
}  // namespace foothold
