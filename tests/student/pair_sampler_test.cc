// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/pair_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "foothold/student/silhouette.h"
#include "foothold/student/student_view.h"

namespace foothold {
namespace {

// One person in frames 0 to 20 and 30 to 40, keyframes at multiples of 5.
StudentClip TwoRuns() {
  StudentClip clip;
  clip.width = clip.height = 100;
  StudentPerson person;
  for (int frame = 0; frame <= 40; ++frame) {
    if (frame % 5 == 0) {
      clip.keyframes.push_back(frame);
      clip.match_inlier_share.push_back(0.9F);
    }
    if (frame > 20 && frame < 30) continue;
    person.frames.push_back(frame);
    person.confidence.push_back(1);
    person.box_px.push_back({20, 20, 30, 60});
  }
  person.contact_spread = 0.05;
  clip.people.push_back(person);
  return clip;
}

LoaderOptions Gaps(int min_gap_frames, int max_gap_frames) {
  LoaderOptions options;
  options.min_gap_frames = min_gap_frames;
  options.max_gap_frames = max_gap_frames;
  return options;
}

using Counts = std::map<std::string, int64_t>;

TEST(PairSampler, AnchorsAreKeyframesWithAPartner) {
  const StudentClip clip = TwoRuns();
  Counts left_out;
  EXPECT_EQ(AnchorsOf(clip, 3, Gaps(3, 6), &left_out).size(), 8U);  // Not the one where nobody is.
  EXPECT_TRUE(left_out.empty());
  EXPECT_EQ(AnchorsOf(clip, 3, Gaps(8, 9), &left_out).size(), 7U);  // 35 has none.
  EXPECT_EQ(left_out, (Counts{{"no_partner", 1}}));
}

TEST(PairSampler, FiltersCountWhatTheyLeaveOut) {
  StudentClip clip = TwoRuns();
  StudentPerson& person = clip.people[0];
  person.confidence[0] = 0.2F;
  person.box_px[5] = {80, 20, 60, 60};  // A third of it is in the picture.
  person.box_px[10] = {10, 10, 0, 0};   // Nobody.
  clip.match_inlier_share[3] = 0.3F;    // Frame 15.
  clip.match_inlier_share[4] = -1;      // Frame 20.
  LoaderOptions options = Gaps(3, 6);
  options.min_match_inlier_share = 0.5;
  options.max_contact_spread = 0.1;
  Counts left_out;
  EXPECT_EQ(AnchorsOf(clip, 0, options, &left_out).size(), 3U);
  EXPECT_EQ(
      left_out,
      (Counts{
          {"low_confidence", 1}, {"out_of_picture", 2}, {"few_match_inliers", 1}, {"quality_unknown", 1}}));
  person.contact_spread = 0.2;
  left_out.clear();
  EXPECT_TRUE(AnchorsOf(clip, 0, options, &left_out).empty());
  EXPECT_EQ(left_out["contact_spread"], 3);
  person.contact_spread = -1;
  left_out.clear();
  EXPECT_TRUE(AnchorsOf(clip, 0, options, &left_out).empty());
  EXPECT_EQ(left_out["quality_unknown"], 4);
}

TEST(PairSampler, WhomTheStudentSawElsewhereIsLeftOut) {
  StudentClip clip = TwoRuns();
  LoaderOptions options = Gaps(3, 6);
  options.max_student_disagreement_m = 0.5;
  Counts left_out;
  EXPECT_EQ(AnchorsOf(clip, 0, options, &left_out).size(), 8U);  // Nobody asked a student.
  clip.people[0].student_distance_m = 0.4;
  EXPECT_EQ(AnchorsOf(clip, 0, options, &left_out).size(), 8U);
  EXPECT_TRUE(left_out.empty());
  clip.people[0].student_distance_m = 0.6;
  EXPECT_TRUE(AnchorsOf(clip, 0, options, &left_out).empty());
  EXPECT_EQ(left_out, (Counts{{"student_disagrees", 8}}));
}

TEST(PairSampler, PartnersLieWithinTheGapsOnBothSides) {
  StudentClip clip = TwoRuns();
  clip.people[0].confidence[14] = 0;  // Frame 14 may be no partner.
  const LoaderOptions options = Gaps(3, 6);
  const PairAnchor anchor{0, 0, 2};  // Frame 10.
  std::set<int> partners;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const FramePair pair = DrawPair(clip, anchor, options, seed);
    const std::vector<int>& frames = clip.people[0].frames;
    ASSERT_LT(frames[pair.first], frames[pair.second]);
    ASSERT_TRUE(frames[pair.first] == 10 || frames[pair.second] == 10);
    partners.insert(frames[pair.first] == 10 ? frames[pair.second] : frames[pair.first]);
  }
  EXPECT_EQ(partners, (std::set<int>{4, 5, 6, 7, 13, 15, 16}));
}

TEST(PairSampler, EpochsMixWindowsOfShards) {
  std::vector<PairAnchor> anchors;
  for (int shard = 0; shard < 10; ++shard) {
    for (int k = 0; k < 7; ++k) anchors.push_back({shard, 0, k});
  }
  const std::vector<int> order = EpochOrder(anchors, 3, 1, 0);
  EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), anchors.size());
  EXPECT_EQ(EpochOrder(anchors, 3, 1, 0), order);
  EXPECT_NE(EpochOrder(anchors, 3, 1, 1), order);
  EXPECT_NE(EpochOrder(anchors, 3, 2, 0), order);
  std::set<int> windows_of_first_epoch;
  for (int window = 0; window < 3; ++window) {
    std::set<int> shards;
    bool mixed = false;
    for (int i = 21 * window; i < 21 * (window + 1); ++i) {
      shards.insert(anchors[order[i]].shard);
      mixed |= i > 21 * window && anchors[order[i]].shard < anchors[order[i - 1]].shard;
    }
    EXPECT_EQ(shards.size(), 3U) << window;
    EXPECT_TRUE(mixed);
    windows_of_first_epoch.insert(*shards.begin());
  }
}

TEST(PairSampler, HeldOutIsAFunctionOfTheVideo) {
  int held_out = 0;
  for (int i = 0; i < 1000; ++i) held_out += IsHeldOut("video" + std::to_string(i), 0.2);
  EXPECT_NEAR(held_out, 200, 40);
  EXPECT_FALSE(IsHeldOut("a", 0));
}

TEST(StudentView, CoversThePictureAboutItsCentre) {
  const ImageTransform view = MakeStudentView(512, 288, 128, 96);  // 16:9 to 4:3: the sides go.
  EXPECT_DOUBLE_EQ(view.scale_x, 1.0 / 3);
  const Pinholed pinhole = InStudentView(Pinholed{300, 255.5, 143.5}, view);
  EXPECT_NEAR(pinhole.focal_px, 100, 1e-12);
  EXPECT_NEAR(pinhole.center_x_px, 63.5, 1e-12);
  EXPECT_NEAR(pinhole.center_y_px, 47.5, 1e-12);
  // A box of one column of pixels becomes a third of a pixel wide, where the points of the column go.
  const Box box = InStudentView(Box{255, 143, 1, 1}, view);
  EXPECT_NEAR(box.x + box.width / 2, 255 * view.scale_x + view.offset_x_px + 0.5, 1e-5);
  EXPECT_NEAR(box.width, 1.0 / 3, 1e-6);
  EXPECT_NEAR(VisibleShare({-25, 10, 50, 20}, 100, 100), 25.0 / 50, 1e-6);
  EXPECT_EQ(VisibleShare({-80, 10, 50, 20}, 100, 100), 0);
}

TEST(StudentView, UndistortionPutsPointsWhereThePinholeSeesThem) {
  const Pinholed pinhole{60, 31.5, 23.5};
  const RadialDistortiond lens{-0.2, 0.02};
  ImageU8 working(64, 48, 1);
  // A smooth ramp of the undistorted x, as the lens shows it.
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      const Vec3d ray = Unproject(pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const Vec2d straight = Undistort(lens, Vec2d{ray[0], ray[1]});
      working.At(x, y) = static_cast<uint8_t>(
          std::clamp(2 * Project(pinhole, Vec3d{straight[0], straight[1], 1})[0] + 50, 0.0, 255.0));
    }
  }
  const ImageU8 undistorted = Undistort(working, pinhole, lens);
  for (const int x : {10, 25, 50}) {
    for (const int y : {8, 30, 40}) EXPECT_NEAR(undistorted.At(x, y), 2 * x + 50, 1.5) << x << " " << y;
  }
}

TEST(Silhouette, FillsTrianglesInFrontOfTheCamera) {
  const Pinholed pinhole{10, 8, 8};
  ImageU8 mask(16, 16);
  // Pixels x + y <= 14 with x, y >= 4, at depth 1; the second triangle reaches behind the camera.
  const std::vector<Vec3d> vertices = {{-0.4, -0.4, 1}, {0.2, -0.4, 1}, {-0.4, 0.2, 1}, {0, 0, -1}};
  DrawSilhouette(vertices, {{0, 1, 2}, {0, 1, 3}}, pinhole, &mask);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) {
      // The long side passes through pixel centres: either way is right there.
      if (x + y == 14 && x >= 4 && y >= 4) continue;
      if ((x == 4 && y >= 4 && y <= 10) || (y == 4 && x >= 4 && x <= 10)) continue;
      EXPECT_EQ(mask.At(x, y), x > 4 && y > 4 && x + y < 14) << x << " " << y;
    }
  }
  const Box box = BoxAround(vertices, pinhole);
  EXPECT_NEAR(box.x, 4.5, 1e-5);
  EXPECT_NEAR(box.width, 6, 1e-5);
}

}  // namespace
}  // namespace foothold
