// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/ground_gate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "foothold/base/random.h"

namespace foothold {
namespace {

Detection Person(double foot_y, double height, double score = 2) {
  Detection detection;
  detection.box = {100,
                   static_cast<float>(foot_y - height),
                   static_cast<float>(0.42 * height),
                   static_cast<float>(height)};
  detection.score = score;
  return detection;
}

// `clutter` boxes of any size beside people who obey height = slope (foot - horizon).
std::vector<FrameDetections> Scene(double slope, double horizon, double horizon_drift, int clutter) {
  RandomStream random(7, "ground gate");
  std::vector<FrameDetections> frames;
  for (int i = 0; i < 40; ++i) {
    FrameDetections frame;
    frame.frame = 3 * i;
    for (int k = 0; k < 4; ++k) {
      const double foot_y = random.Uniform(260, 500);
      const double height = slope * (foot_y - horizon - horizon_drift * i) * std::exp(0.05 * random.Normal());
      frame.detections.push_back(Person(foot_y, height));
    }
    for (int k = 0; k < clutter; ++k) {
      frame.detections.push_back(
          Person(random.Uniform(100, 500), random.Uniform(60, 300), random.Uniform(0.6, 1.5)));
    }
    frames.push_back(frame);
  }
  return frames;
}

TEST(GroundGate, FindsSlopeAndHorizonOfAStaticView) {
  GroundGateOptions options;
  options.one_horizon = true;
  const GroundGate gate = FitGroundGate(Scene(0.6, 130, 0, 2), options);
  ASSERT_TRUE(gate.known);
  for (double foot_y : {280.0, 380.0, 480.0}) {
    EXPECT_NEAR(std::log(gate.ExpectedHeight(0, foot_y) / (0.6 * (foot_y - 130))), 0, 0.08);
  }
}

TEST(GroundGate, FollowsAMovingHorizon) {
  const GroundGate gate = FitGroundGate(Scene(1.1, 150, 1.0, 1), {});
  ASSERT_TRUE(gate.known);
  EXPECT_NEAR(std::log(gate.ExpectedHeight(0, 400) / (1.1 * 250)), 0, 0.1);
  EXPECT_NEAR(std::log(gate.ExpectedHeight(39, 400) / (1.1 * 211)), 0, 0.1);
}

TEST(GroundGate, DropsWhatDoesNotStandOnTheGround) {
  std::vector<FrameDetections> frames = Scene(0.6, 130, 0, 0);
  GroundGateOptions options;
  options.one_horizon = true;
  const GroundGate gate = FitGroundGate(frames, options);
  frames.resize(1);
  // Right height; twice too tall; above the horizon; right but weak.
  frames[0].detections = {Person(330, 120), Person(430, 360), Person(120, 90), Person(430, 180, 0.3)};
  ApplyGroundGate(gate, 0.5, 0.25, &frames);
  ASSERT_EQ(frames[0].detections.size(), 1u);
  EXPECT_EQ(frames[0].detections[0].box.height, 120);
}

TEST(GroundGate, TellsTheHeightOfPeopleTooSmallToMeasure) {
  std::vector<FrameDetections> frames = Scene(1.1, 150, 0, 0);
  GroundGateOptions options;
  options.one_horizon = true;
  const GroundGate gate = FitGroundGate(frames, options);
  // Somebody of 66 px found as 82 px around the same middle; the same by a detector that finds smaller
  // ones; found too small; a box far too large for its middle.
  const double foot_y = 150 + 66 / 1.1;
  frames.resize(1);
  frames[0].detections = {Person(foot_y + 8, 82), Person(foot_y + 8, 82), Person(400, 200), Person(200, 82)};
  for (const int i : {0, 2, 3}) frames[0].detections[i].smallest = true;
  ShrinkSmallest(gate, &frames);
  const std::vector<Detection>& people = frames[0].detections;
  EXPECT_NEAR(people[0].box.height, 66, 7);
  EXPECT_NEAR(FootY(people[0].box), foot_y, 4);
  EXPECT_NEAR(CentreX(people[0].box), CentreX(people[1].box), 1e-3);
  EXPECT_EQ(people[1].box.height, 82);
  EXPECT_EQ(people[2].box.height, 200);
  EXPECT_EQ(people[3].box.height, 82);
}

TEST(GroundGate, TooFewPeopleLeaveEverything) {
  std::vector<FrameDetections> frames(1);
  frames[0].detections = {Person(330, 120), Person(430, 60)};
  const GroundGate gate = FitGroundGate(frames, {});
  EXPECT_FALSE(gate.known);
  ApplyGroundGate(gate, 0.5, 0.25, &frames);
  EXPECT_EQ(frames[0].detections.size(), 2u);
  EXPECT_FALSE(FitGroundGate({}, {}).known);
}

TEST(DetectBoxes, AgreementGainsAndOverlapsGo) {
  const Detection a = Person(300, 100, 1.0), b = Person(304, 100, 0.8), far = Person(600, 100, 0.7);
  const std::vector<Detection> fused = FuseDetectors({a, far}, {b});
  ASSERT_EQ(fused.size(), 2u);
  EXPECT_NEAR(fused[0].score, 1.0 + 0.7 * 0.8, 1e-12);
  EXPECT_NEAR(fused[1].score, 0.7, 1e-12);
}

TEST(DetectBoxes, LegInsideAPersonGoes) {
  const Detection person = Person(300, 200, 2), leg = Person(298, 80, 1.5);
  EXPECT_EQ(SuppressContained({leg, person}).size(), 1u);
  EXPECT_NEAR(IntersectionOverUnion(person.box, person.box), 1, 1e-12);
  EXPECT_EQ(IntersectionOverUnion(person.box, Person(900, 100).box), 0);
}

}  // namespace
}  // namespace foothold
