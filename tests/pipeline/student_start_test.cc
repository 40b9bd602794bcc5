// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/student_start.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/pipeline/student_trust.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

// A clip as it was seen, and its truth as the student's prediction. Two people.
struct Fixture {
  BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  SyntheticClip clip;
  Observations seen;
  JoshOptions josh;

  Fixture() {
    SyntheticOptions options;
    options.num_frames = 30;
    options.num_people = 2;
    options.width = 128;
    options.height = 96;
    clip = MakeSyntheticClip(body, options, "student_start", 5);
    seen = AddNoise(clip, body, NoiseOptions(), 5);
  }
  // What a student says: everybody at all frames, in the poses and shapes that were observed.
  Reconstruction Prediction() const {
    Reconstruction out = clip.truth;
    const std::vector<Rigid3d>& cameras = out.world_from_cam;
    for (size_t p = 0; p < out.people.size(); ++p) {
      PersonInWorld& person = out.people[p];
      person.shape = seen.people[p].shape;
      const PersonInWorld truth = clip.truth.people[p];
      person.frames.clear();
      person.body_in_world.clear();
      for (const PersonFrame& frame : seen.people[p].frames) {
        const size_t i =
            std::lower_bound(truth.frames.begin(), truth.frames.end(), frame.frame) - truth.frames.begin();
        BodyPose in_world =
            TransformBody(cameras[frame.frame], frame.body_in_cam, RestPelvis(body, person.shape));
        in_world.translation_m = truth.body_in_world[i].translation_m + RestPelvis(body, truth.shape) -
                                 RestPelvis(body, person.shape);
        person.frames.push_back(frame.frame);
        person.body_in_world.push_back(in_world);
      }
    }
    return out;
  }
  SyntheticScores Score(const Reconstruction& result) const {
    return ScoreReconstruction(result, clip.truth, body);
  }
};
const Fixture& Shared() {
  static const Fixture fixture;
  return fixture;
}

bool IsRefused(const std::vector<std::string>& flags) {
  return std::count(flags.begin(), flags.end(), "student_refused") > 0;
}

TEST(StudentStart, TakesCamerasAndPlacesAndLeavesTheRest) {
  const Fixture& f = Shared();
  const Reconstruction prediction = f.Prediction();
  const Observations start = StartFromPrediction(f.seen, prediction, f.body);
  EXPECT_TRUE(ProblemsOf(start).empty());
  EXPECT_FALSE(IsRefused(start.flags));
  const Rigid3d start_from_predicted =
      f.seen.camera.world_from_cam[0] * Inverse(prediction.world_from_cam[0]);
  for (const int frame : {0, 7, 29}) {
    const Rigid3d expected = start_from_predicted * prediction.world_from_cam[frame];
    EXPECT_LT(Norm(start.camera.world_from_cam[frame].translation - expected.translation), 1e-9);
  }
  ASSERT_EQ(start.people.size(), 2u);
  for (size_t p = 0; p < 2; ++p) {
    EXPECT_FALSE(IsRefused(start.people[p].flags));
    const BodyPose in_world = prediction.people[p].body_in_world[3];
    const BodyPose in_cam = TransformBody(Inverse(prediction.world_from_cam[prediction.people[p].frames[3]]),
                                          in_world,
                                          RestPelvis(f.body, prediction.people[p].shape));
    EXPECT_LT(Norm(start.people[p].frames[3].body_in_cam.translation_m - in_cam.translation_m), 1e-9);
    EXPECT_EQ(start.people[p].frames[3].body_in_cam.root.w, f.seen.people[p].frames[3].body_in_cam.root.w);
  }
}

TEST(StudentStart, TheTruthAgreesAndTheResultIsAsGood) {
  const Fixture& f = Shared();
  const JoshResult plain = OptimizeJointly(f.seen, f.body, f.josh, 1);
  const JoshResult result = OptimizeFromPrediction(f.seen, f.Prediction(), f.body, f.josh, 1, nullptr);
  const SyntheticScores before = f.Score(plain.reconstruction), after = f.Score(result.reconstruction);
  // The prior holds bodies near their start, which is the truth here: 1 mm for what else differs.
  EXPECT_LT(after.w_mpjpe_mm, before.w_mpjpe_mm + 1);
  EXPECT_LT(after.ate_m, before.ate_m + 0.005);
  EXPECT_FALSE(plain.quality.student.known);
  ASSERT_TRUE(result.quality.student.known);
  EXPECT_LT(result.quality.student.turn_rad, 0.01);
  EXPECT_NEAR(result.quality.student.scale, 1, 0.03);
  for (const PersonQuality& person : result.quality.people)
    EXPECT_LT(person.student_distance_m, 0.2);  // Of the solve itself.
}

TEST(StudentStart, AWrongPredictionIsRefusedAndDoesNoHarm) {
  const Fixture& f = Shared();
  Reconstruction wrong = f.Prediction();
  const Quatd turn = ExpQuaternion(Vec3d{0, 0.3, 0});
  for (size_t i = 0; i < wrong.world_from_cam.size(); i += 2)
    wrong.world_from_cam[i].rotation = wrong.world_from_cam[i].rotation * turn;
  for (PersonInWorld& person : wrong.people)
    for (BodyPose& pose : person.body_in_world) pose.translation_m = pose.translation_m + Vec3d{0, 9, 0};
  const JoshResult result = OptimizeFromPrediction(f.seen, wrong, f.body, f.josh, 1, nullptr);
  EXPECT_TRUE(ProblemsOf(result.reconstruction, f.seen.clip).empty());
  EXPECT_TRUE(IsRefused(result.reconstruction.flags));
  EXPECT_GT(result.quality.student.turn_rad, 0.1);
  ASSERT_EQ(result.quality.people.size(), 2u);
  for (size_t p = 0; p < 2; ++p) {
    EXPECT_TRUE(IsRefused(result.reconstruction.people[p].flags));
    EXPECT_GT(result.quality.people[p].student_distance_m, 0.5);
  }
  const JoshResult plain = OptimizeJointly(f.seen, f.body, f.josh, 1);
  EXPECT_DOUBLE_EQ(f.Score(result.reconstruction).w_mpjpe_mm, f.Score(plain.reconstruction).w_mpjpe_mm);
}

// Believable, but half a metre off: the optimisation begins there and says so.
TEST(StudentStart, DisagreementIsMeasured) {
  const Fixture& f = Shared();
  Reconstruction shifted = f.Prediction();
  for (PersonInWorld& person : shifted.people) {
    for (size_t i = 0; i < person.frames.size(); ++i) {
      const Rigid3d& camera = shifted.world_from_cam[person.frames[i]];
      person.body_in_world[i].translation_m =
          person.body_in_world[i].translation_m + Rotate(camera.rotation, Vec3d{0, 0, 0.5});
    }
  }
  const JoshResult result = OptimizeFromPrediction(f.seen, shifted, f.body, f.josh, 1, nullptr);
  EXPECT_TRUE(ProblemsOf(result.reconstruction, f.seen.clip).empty());
  EXPECT_FALSE(IsRefused(result.reconstruction.flags));
  double largest_m = 0;
  for (const PersonQuality& person : result.quality.people)
    largest_m = std::max<double>(largest_m, person.student_distance_m);
  EXPECT_GT(largest_m, 0.05);
}

TEST(StudentStart, FixedAndUnseenCamerasStay) {
  const Fixture& f = Shared();
  Observations fixed = f.seen;
  fixed.camera.poses_fixed = true;
  Reconstruction prediction = f.Prediction();
  EXPECT_EQ(StartFromPrediction(fixed, prediction, f.body).camera.world_from_cam[9].translation[0],
            f.seen.camera.world_from_cam[9].translation[0]);
  EXPECT_FALSE(IsRefused(StartFromPrediction(fixed, prediction, f.body).flags));
  prediction.flags.push_back("camera_unseen");
  EXPECT_TRUE(IsRefused(StartFromPrediction(f.seen, prediction, f.body).flags));
  EXPECT_EQ(StartFromPrediction(f.seen, prediction, f.body).camera.world_from_cam[9].translation[0],
            f.seen.camera.world_from_cam[9].translation[0]);
}

TEST(StudentTrust, MatchErrorIsInPixels) {
  const Fixture& f = Shared();
  const double truth_px = MatchError(f.clip.observations, f.clip.truth.world_from_cam);
  EXPECT_LT(truth_px, 0.2);  // Depths are those of the nearest pixels.
  // Turned about its own axis of view every other keyframe, pixels move by 0.05 of their distance from the
  // centre.
  std::vector<Rigid3d> turned = f.clip.truth.world_from_cam;
  for (size_t k = 0; k < f.seen.keyframes.size(); k += 2) {
    Rigid3d& camera = turned[f.seen.keyframes[k].frame];
    camera.rotation = camera.rotation * ExpQuaternion(Vec3d{0, 0, 0.05});
  }
  const double turned_px = MatchError(f.clip.observations, turned);
  EXPECT_GT(turned_px, 0.1);
  EXPECT_LT(turned_px, 0.05 * 80);
}

}  // namespace
}  // namespace foothold
