// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

const BodyModel& Body() {
  static const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  return body;
}

// Upright bodies 4 m in front of a camera that walks along x, swinging their legs. World: y down.
PersonInWorld Walker(int id, double x_m, double speed_m_per_frame, int num_frames) {
  PersonInWorld person;
  person.id = id;
  person.shape[0] = 0.5 * id;
  for (int f = 0; f < num_frames; ++f) {
    BodyPose pose;
    pose.root = ExpQuaternion(Vec3d{M_PI, 0, 0});  // Body y up to world y down.
    pose.translation_m = {x_m + speed_m_per_frame * f, 0.1, 4.0 + 0.5 * id};
    pose.joints[kLeftHip - 1] = ExpQuaternion(Vec3d{0.4 * std::sin(0.3 * f), 0, 0});
    pose.joints[kRightKnee - 1] = ExpQuaternion(Vec3d{0.5 + 0.4 * std::cos(0.3 * f), 0, 0});
    person.frames.push_back(f);
    person.body_in_world.push_back(pose);
    person.confidence.push_back(1);
  }
  return person;
}

labels::Label MakeTruth(int num_frames = 24) {
  labels::Label truth;
  truth.kind = "truth";
  truth.clip.name = "walk";
  truth.clip.frame_rate_hz = 30;
  truth.clip.working_from_source = {640, 480, 640, 480, 1, 1, 0, 0};
  for (int f = 0; f < num_frames; ++f) truth.clip.time_s.push_back(f / 30.0);
  Reconstruction& scene = truth.reconstruction;
  scene.pinhole = {500, 320, 240};
  for (int f = 0; f < num_frames; ++f) {
    scene.world_from_cam.push_back(
        {ExpQuaternion(Vec3d{0, 0.01 * std::sin(0.2 * f), 0}), {0.03 * f, 0.01 * std::sin(0.5 * f), 0}});
  }
  scene.people = {Walker(1, -1, 0.04, num_frames), Walker(2, 1, 0.005, num_frames)};
  RandomStream random(1, "scene");
  for (int i = 0; i < 500; ++i) {
    const Vec3d point{random.Uniform(-4, 4), 1, random.Uniform(2, 9)};
    scene.points.push_back({point.Cast<float>(), 1.0f, {0, 0, 0}});
  }
  for (int f = 0; f < num_frames; f += 6) {
    KeyframeDepth keyframe;
    keyframe.frame = f;
    keyframe.depth_m = ImageF(64, 48, 1, 5.0f);
    keyframe.confidence = ImageF(64, 48, 1, 1.0f);
    scene.keyframes.push_back(keyframe);
  }
  return truth;
}

// The same reconstruction in another world: x_new = scale R x + t. Bodies keep their size, their
// pelvises move.
void MoveWorld(const Similarity3d& transform, Reconstruction* scene) {
  for (Rigid3d& pose : scene->world_from_cam) {
    pose = {transform.rotation * pose.rotation, transform * pose.translation};
  }
  for (PersonInWorld& person : scene->people) {
    const Vec3d pelvis = RestPelvis(Body(), person.shape);
    for (BodyPose& body : person.body_in_world) {
      body.translation_m = transform * (body.translation_m + pelvis) - pelvis;
      body.root = transform.rotation * body.root;
    }
  }
  for (ScenePoint& point : scene->points) {
    point.position_m = (transform * point.position_m.Cast<double>()).Cast<float>();
  }
}

double Value(const EvaluationReport& report, const std::string& name) {
  const std::optional<double> value = ValueOf(report, name);
  EXPECT_TRUE(value.has_value()) << name;
  return value.value_or(std::nan(""));
}

TEST(EvaluateLabel, TruthAgainstItselfHasNoError) {
  const labels::Label truth = MakeTruth();
  const EvaluationReport report = EvaluateLabel(truth, truth, Body());
  for (const char* name : {"mpjpe",
                           "pa_mpjpe",
                           "pve",
                           "w_mpjpe",
                           "wa_mpjpe",
                           "rte",
                           "acceleration_error",
                           "ate",
                           "ate_rmse",
                           "ate_scaled",
                           "ate_released",
                           "world_scale_error",
                           "focal_error",
                           "scene_chamfer",
                           "depth_abs_rel",
                           "depth_rmse",
                           "people_false"}) {
    EXPECT_NEAR(Value(report, name), 0, 1e-9) << name;
  }
  EXPECT_EQ(Value(report, "people_in_truth"), 2);
  EXPECT_EQ(Value(report, "people_found"), 2);
  EXPECT_EQ(Value(report, "person_frames_found"), 100);
  EXPECT_EQ(Value(report, "depth_delta_1"), 1);
  EXPECT_EQ(Value(report, "foot_sliding"), Value(report, "foot_sliding_truth"));
  EXPECT_EQ(Value(report, "jitter"), Value(report, "jitter_truth"));
}

TEST(EvaluateLabel, TheChoiceOfWorldDoesNotMatter) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  MoveWorld({1, ExpQuaternion(Vec3d{0.3, -1, 0.2}), {5, -2, 7}}, &label.reconstruction);
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  for (const char* name : {"mpjpe", "pa_mpjpe", "pve", "w_mpjpe", "wa_mpjpe", "ate", "ate_released", "rte"}) {
    EXPECT_NEAR(Value(report, name), 0, 1e-6) << name;
  }
  EXPECT_NEAR(Value(report, "scene_chamfer"), 0, 0.02);  // Voxels of the same cloud, other rounding.
  EXPECT_EQ(Value(report, "people_found"), 2);
}

TEST(EvaluateLabel, MeasuresAWrongScale) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  MoveWorld({1.25, Quatd::Identity(), {0, 0, 0}}, &label.reconstruction);
  for (KeyframeDepth& keyframe : label.reconstruction.keyframes) {
    for (float& depth : keyframe.depth_m.data) depth *= 1.25f;
  }
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  EXPECT_NEAR(Value(report, "world_scale"), 0.8, 1e-9);
  EXPECT_NEAR(Value(report, "world_scale_error"), 20, 1e-7);
  EXPECT_NEAR(Value(report, "camera_scale"), 0.8, 1e-9);
  EXPECT_NEAR(Value(report, "camera_scale_error"), 20, 1e-7);
  EXPECT_NEAR(Value(report, "ate_scaled"), 0, 1e-9);
  EXPECT_GT(Value(report, "ate"), 0.02);
  EXPECT_NEAR(Value(report, "depth_abs_rel"), 0.25, 1e-6);
  EXPECT_NEAR(Value(report, "mpjpe"), 0, 1e-6);
  EXPECT_GT(Value(report, "scene_chamfer"), 0.1);
}

TEST(EvaluateLabel, AStaticCameraHasNoScaleOfItsOwn) {
  labels::Label truth = MakeTruth();
  for (Rigid3d& pose : truth.reconstruction.world_from_cam) pose = Rigid3d::Identity();
  const EvaluationReport report = EvaluateLabel(truth, truth, Body());
  EXPECT_FALSE(ValueOf(report, "camera_scale_error").has_value());
  EXPECT_NEAR(Value(report, "world_scale_error"), 0, 1e-9);
}

TEST(EvaluateLabel, MeasuresPoseAndFocalErrors) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  label.reconstruction.pinhole.focal_px *= 1.03;
  for (BodyPose& body : label.reconstruction.people[0].body_in_world) {
    body.joints[kLeftElbow - 1] = ExpQuaternion(Vec3d{0, 1, 0});
    body.translation_m[0] += 0.05;
  }
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  EXPECT_NEAR(Value(report, "focal_error"), 3, 1e-9);
  // Wrist and hand of one of two people moved by less than a forearm.
  EXPECT_GT(Value(report, "mpjpe"), 2);
  EXPECT_LT(Value(report, "mpjpe"), 20);
  EXPECT_GT(Value(report, "pve"), 1);
  // A constant offset of the whole trajectory is a choice of world.
  EXPECT_LT(Value(report, "rte"), 1e-9);
}

TEST(EvaluateLabel, MeasuresSlidingFeet) {
  labels::Label truth = MakeTruth();
  truth.reconstruction.people.resize(1);
  PersonInWorld& person = truth.reconstruction.people[0];
  for (BodyPose& body : person.body_in_world) body = person.body_in_world[0];  // Stands still.
  labels::Label label = truth;
  for (size_t f = 0; f < label.reconstruction.people[0].frames.size(); ++f) {
    label.reconstruction.people[0].body_in_world[f].translation_m[2] += 0.004 * static_cast<double>(f);
  }
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  EXPECT_NEAR(Value(report, "foot_sliding"), 4, 1e-6);
  EXPECT_NEAR(Value(report, "foot_sliding_truth"), 0, 1e-9);
  EXPECT_FALSE(ValueOf(report, "rte").has_value());  // The truth does not move.
}

TEST(EvaluateLabel, CountsMissingBrokenAndFalsePeople) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  std::vector<PersonInWorld>& people = label.reconstruction.people;
  // Person 1 breaks into two tracks; person 2 is missing; somebody stands where nobody is.
  PersonInWorld second = people[0];
  people[0].frames.resize(8);
  people[0].body_in_world.resize(8);
  second.id = 7;
  second.frames.erase(second.frames.begin(), second.frames.begin() + 12);
  second.body_in_world.erase(second.body_in_world.begin(), second.body_in_world.begin() + 12);
  PersonInWorld ghost = Walker(9, 2.5, 0, 10);
  people = {people[0], second, ghost};
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  ASSERT_EQ(report.people.size(), 2u);
  EXPECT_EQ(report.people[0].label_ids, (std::vector<int>{1, 7}));
  EXPECT_EQ(report.people[0].matched_frames, 20);
  EXPECT_EQ(report.people[0].visible_frames, 24);
  EXPECT_TRUE(report.people[1].label_ids.empty());
  EXPECT_EQ(report.false_label_ids, std::vector<int>{9});
  EXPECT_EQ(Value(report, "people_found"), 1);
  EXPECT_NEAR(Value(report, "person_frames_found"), 100.0 * 20 / 48, 1e-9);
  EXPECT_NEAR(Value(report, "w_mpjpe"), 0, 1e-6);
}

TEST(EvaluateLabel, NobodyFoundLeavesHumanMetricsUndefined) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  label.reconstruction.people.clear();
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  EXPECT_EQ(Value(report, "people_found"), 0);
  EXPECT_EQ(Value(report, "person_frames_found"), 0);
  for (const char* name : {"mpjpe", "w_mpjpe", "foot_sliding", "jitter"}) {
    EXPECT_FALSE(ValueOf(report, name).has_value()) << name;
  }
  EXPECT_NEAR(Value(report, "ate"), 0, 1e-12);
}

TEST(EvaluateLabel, ComparesTheSameSourceFrames) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  label.clip.first_frame = 10;
  Reconstruction& scene = label.reconstruction;
  scene.world_from_cam.erase(scene.world_from_cam.begin(), scene.world_from_cam.begin() + 10);
  for (PersonInWorld& person : scene.people) {
    person.body_in_world.erase(person.body_in_world.begin(), person.body_in_world.begin() + 10);
    person.frames.resize(person.body_in_world.size());
  }
  scene.keyframes.erase(scene.keyframes.begin(), scene.keyframes.begin() + 2);
  for (KeyframeDepth& keyframe : scene.keyframes) keyframe.frame -= 10;
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  EXPECT_NEAR(Value(report, "w_mpjpe"), 0, 1e-6);
  EXPECT_NEAR(Value(report, "ate"), 0, 1e-9);
  EXPECT_EQ(Value(report, "depth_abs_rel"), 0);
  EXPECT_EQ(Value(report, "person_frames_found"), 100);
  label.clip.first_frame = 1000;
  EXPECT_THROW(EvaluateLabel(label, truth, Body()), Error);
}

TEST(EvaluateLabel, ComparesThroughDifferentWorkingImages) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  // Half size, moved by a crop.
  label.clip.working_from_source = {640, 480, 320, 224, 0.5, 0.5, 0, -8};
  label.reconstruction.pinhole = {250, 160, 112};
  for (KeyframeDepth& keyframe : label.reconstruction.keyframes) {
    keyframe.depth_m = ImageF(320, 224, 1, 5.5f);
    keyframe.confidence = ImageF(320, 224, 1, 1.0f);
  }
  const EvaluationReport report = EvaluateLabel(label, truth, Body());
  EXPECT_EQ(Value(report, "people_found"), 2);
  EXPECT_NEAR(Value(report, "focal_error"), 0, 1e-9);
  EXPECT_NEAR(Value(report, "depth_abs_rel"), 0.1, 1e-6);
}

TEST(EvaluateLabel, RefusesAnotherBodyModel) {
  const labels::Label truth = MakeTruth();
  labels::Label label = truth;
  label.provenance.body_model_hash = Body().content_hash;
  EXPECT_NO_THROW(EvaluateLabel(label, truth, Body()));
  label.provenance.body_model_hash = "another";
  EXPECT_THROW(EvaluateLabel(label, truth, Body()), Error);
}

TEST(EvaluateLabel, AnUnknownMetricNameIsAContractError) {
  EXPECT_THROW(ValueOf(EvaluationReport(), "mpjp"), Error);
}

}  // namespace
}  // namespace foothold
