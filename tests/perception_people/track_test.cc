// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "foothold/base/random.h"
#include "foothold/perception/classical/track_assignment.h"
#include "foothold/perception/classical/track_filter.h"
#include "foothold/perception/classical/track_smooth.h"

namespace foothold {
namespace {

Box BoxAt(double x, double foot_y, double height) {
  return {static_cast<float>(x - 0.21 * height),
          static_cast<float>(foot_y - height),
          static_cast<float>(0.42 * height),
          static_cast<float>(height)};
}

double CostOf(const std::vector<double>& cost, const std::vector<int>& column_of, int columns) {
  double sum = 0;
  for (size_t row = 0; row < column_of.size(); ++row) {
    if (column_of[row] >= 0) sum += cost[row * columns + column_of[row]];
  }
  return sum;
}

TEST(Assignment, EqualsTryingEverything) {
  RandomStream random(3, "assignment");
  for (int round = 0; round < 200; ++round) {
    const int rows = random.UniformInt(1, 6), columns = random.UniformInt(1, 6);
    std::vector<double> cost(rows * columns);
    for (double& value : cost) value = std::floor(random.Uniform(-5, 15));
    const std::vector<int> column_of = SolveAssignment(cost, rows, columns);
    const long assigned = std::count_if(column_of.begin(), column_of.end(), [](int c) { return c >= 0; });
    ASSERT_EQ(assigned, std::min(rows, columns));
    // Every way to pair the smaller side with the larger one.
    const int small = std::min(rows, columns), large = std::max(rows, columns);
    std::vector<int> order(large);
    std::iota(order.begin(), order.end(), 0);
    double best = 1e9;
    do {
      double sum = 0;
      for (int i = 0; i < small; ++i)
        sum += rows <= columns ? cost[i * columns + order[i]] : cost[order[i] * columns + i];
      best = std::min(best, sum);
    } while (std::next_permutation(order.begin(), order.end()));
    ASSERT_NEAR(CostOf(cost, column_of, columns), best, 1e-9);
  }
}

TEST(Assignment, Empty) {
  EXPECT_TRUE(SolveAssignment({}, 0, 3).empty());
  EXPECT_EQ(SolveAssignment({}, 2, 0), (std::vector<int>{-1, -1}));
}

TEST(BoxFilter, FollowsASteadyWalkAndPredictsIt) {
  BoxFilter filter(BoxAt(100, 300, 120));
  for (int frame = 1; frame <= 40; ++frame) {
    filter.Predict();
    filter.CorrectByDetection(BoxAt(100 + 3 * frame, 300 + frame, 120 * std::exp(0.004 * frame)));
  }
  for (int frame = 41; frame <= 45; ++frame) filter.Predict();
  EXPECT_NEAR(filter.x(), 235, 2);
  EXPECT_NEAR(filter.foot_y(), 345, 2);
  EXPECT_NEAR(std::log(filter.height() / 120), 0.18, 0.02);
}

// Two people who walk towards each other and cross, seen every third frame with noise and clutter.
class CrossingWalkers {
 public:
  static constexpr int kFrames = 120;
  static double X(int person, int frame) { return person == 0 ? 100 + 4.0 * frame : 580 - 4.0 * frame; }
  static double Foot(int person) { return person == 0 ? 400 : 420; }

  TrackerInput Input(double miss_probability, bool clothes) {
    RandomStream random(11, "crossing");
    TrackerInput input;
    input.num_frames = kFrames;
    input.width = 960;
    input.height = 540;
    input.step = 3;
    for (int frame = 0; frame < kFrames; frame += 3) {
      FrameDetections seen;
      seen.frame = frame;
      std::vector<Appearance> looks;
      for (int person = 0; person < 2; ++person) {
        if (random.Bernoulli(miss_probability)) continue;
        const double h = 200 * std::exp(0.04 * random.Normal());
        Detection detection;
        detection.box = BoxAt(X(person, frame) + 6 * random.Normal(), Foot(person) + 6 * random.Normal(), h);
        detection.score = random.Uniform(0.8, 3);
        seen.detections.push_back(detection);
        looks.push_back(clothes ? (person == 0 ? Appearance{1, 0} : Appearance{0, 1}) : Appearance{});
      }
      // A weak false box somewhere.
      Detection clutter;
      clutter.box = BoxAt(random.Uniform(0, 960), random.Uniform(300, 540), 200);
      clutter.score = 0.7;
      seen.detections.push_back(clutter);
      looks.push_back(clothes ? Appearance{0.5f, 0.5f} : Appearance{});
      input.detections.push_back(seen);
      input.appearance.push_back(looks);
    }
    input.motion = [](int, const Box&) { return std::nullopt; };
    return input;
  }
};

double MeanError(const BoxTrack& track, int person) {
  double sum = 0;
  for (const TrackPoint& point : track.points) {
    sum += std::abs(CentreX(point.box) - CrossingWalkers::X(person, point.frame));
  }
  return sum / static_cast<double>(track.points.size());
}

TEST(Tracker, CrossingPeopleKeepTheirIdentities) {
  const TrackerInput input = CrossingWalkers().Input(0.1, true);
  const std::vector<BoxTrack> tracks = JoinDetections(input, {});
  ASSERT_EQ(tracks.size(), 2u);
  const int first = CentreX(tracks[0].points[0].box) < 340 ? 0 : 1;
  for (int t = 0; t < 2; ++t) {
    const int person = t == 0 ? first : 1 - first;
    EXPECT_LT(MeanError(tracks[t], person), 15);
    EXPECT_GE(tracks[t].points.size(), 105u);
    for (size_t k = 1; k < tracks[t].points.size(); ++k) {
      EXPECT_EQ(tracks[t].points[k].frame, tracks[t].points[k - 1].frame + 1);
    }
  }
}

TEST(Tracker, CoastsThroughAShortGapAndEndsAfterALongOne) {
  TrackerInput input = CrossingWalkers().Input(0, true);
  const auto hide = [&](int from, int to) {
    for (FrameDetections& seen : input.detections) {
      if (seen.frame >= from && seen.frame < to) seen.detections.clear();
    }
    for (size_t i = 0; i < input.detections.size(); ++i) {
      input.appearance[i].resize(input.detections[i].detections.size());
    }
  };
  hide(60, 69);
  EXPECT_EQ(JoinDetections(input, {}).size(), 2u);
  hide(60, 117);
  for (const BoxTrack& track : JoinDetections(input, {})) EXPECT_LT(track.points.back().frame, 60);
}

TEST(Tracker, ClutterAloneMakesNoTrack) {
  TrackerInput input = CrossingWalkers().Input(1.0, true);
  EXPECT_TRUE(JoinDetections(input, {}).empty());
}

TEST(Tracker, NoDetectionsAtAll) {
  TrackerInput input;
  input.num_frames = 10;
  input.width = input.height = 100;
  input.detections.resize(10);
  input.appearance.resize(10);
  input.motion = [](int, const Box&) { return std::nullopt; };
  EXPECT_TRUE(JoinDetections(input, {}).empty());
}

TEST(Appearance, Distance) {
  EXPECT_NEAR(AppearanceDistance({0.5f, 0.5f}, {0.5f, 0.5f}), 0, 1e-6);
  EXPECT_NEAR(AppearanceDistance({1, 0}, {0, 1}), 1, 1e-12);
  EXPECT_EQ(AppearanceDistance({}, {0, 1}), 0);
}

TEST(SmoothBoxes, BeatsTheDetectionsAndForgivesOneOutlier) {
  RandomStream random(5, "smooth");
  std::vector<TrackPoint> points;
  for (int frame = 0; frame < 90; ++frame) {
    TrackPoint point;
    point.frame = frame;
    point.box = BoxAt(100 + 3 * frame, 400, 200);
    if (frame % 3 == 0) {
      const double h = frame == 45 ? 330 : 200 * std::exp(0.08 * random.Normal());
      point.seen = BoxAt(100 + 3 * frame + 10 * random.Normal(), 400 + 14 * random.Normal(), h);
    }
    if (frame > 0) point.motion = BoxMotion{3 + 0.5 * random.Normal(), 0.5 * random.Normal(), 140};
    points.push_back(point);
  }
  const std::vector<Box> boxes = SmoothBoxes(points, 30);
  for (int frame = 0; frame < 90; ++frame) {
    EXPECT_NEAR(CentreX(boxes[frame]), 100 + 3 * frame, 11) << frame;
    EXPECT_NEAR(FootY(boxes[frame]), 400, 12) << frame;
    EXPECT_NEAR(std::log(boxes[frame].height / 200), 0, 0.09) << frame;
  }
}

// Somebody who comes nearer, seen at 30 and at 10 frames a second, unseen in the last half second.
TEST(SmoothBoxes, HeightKeepsItsPaceWhereNothingIsSeen) {
  for (const int rate_hz : {30, 10}) {
    RandomStream random(6, "approach");
    const auto height = [&](int frame) { return 150 * std::exp(0.15 * frame / rate_hz); };
    std::vector<TrackPoint> points;
    for (int frame = 0; frame < 4 * rate_hz; ++frame) {
      TrackPoint point;
      point.frame = frame;
      point.box = BoxAt(400, 100 + height(frame), height(frame));
      if (frame % (rate_hz / 10) == 0 && 2 * frame < 7 * rate_hz) {
        const double h = height(frame) * std::exp(0.04 * random.Normal());
        point.seen = BoxAt(400, 100 + height(frame), h);
      }
      // The torso of somebody whose head stays in its row goes down by half the growth.
      if (frame > 0) {
        const double growth_px = height(frame) - height(frame - 1);
        point.motion = BoxMotion{0, 0.5 * growth_px, 0.5 * height(frame)};
      }
      points.push_back(point);
    }
    const std::vector<Box> boxes = SmoothBoxes(points, rate_hz);
    for (size_t frame = 0; frame < points.size(); ++frame) {
      EXPECT_NEAR(std::log(boxes[frame].height / height(static_cast<int>(frame))), 0, 0.05) << frame;
      EXPECT_NEAR(FootY(boxes[frame]), 100 + height(static_cast<int>(frame)), 8) << frame;
    }
  }
}

TEST(SmoothBoxes, OneDetectionIsEnough) {
  std::vector<TrackPoint> points(7);
  for (TrackPoint& point : points) point.box = BoxAt(100, 300, 150);
  points[3].seen = BoxAt(100, 300, 150);
  for (const Box& box : SmoothBoxes(points, 25)) {
    EXPECT_NEAR(box.height, 150, 1e-3);
    EXPECT_NEAR(FootY(box), 300, 1e-3);
  }
}

}  // namespace
}  // namespace foothold
