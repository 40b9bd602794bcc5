// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "foothold/base/random.h"
#include "foothold/scene/observations.h"
#include "foothold/scene/reconstruction.h"
#include "labels/hdf5.h"
#include "labels/label.h"

namespace foothold::labels {

// Small valid data with every field set to something of its own. The files in golden/ hold the
// observations and the label below, so their values are frozen; they
// use exactly rounded operations only, so that every machine makes the same.

inline double RandomNumber(RandomStream* random) { return random->Uniform(-2, 2); }

inline Quatd RandomRotation(RandomStream* random) {
  return Normalized(
      Quatd{RandomNumber(random), RandomNumber(random), RandomNumber(random), RandomNumber(random)});
}

inline Vec3d RandomVector(RandomStream* random) {
  return {RandomNumber(random), RandomNumber(random), RandomNumber(random)};
}

inline BodyPose RandomPose(RandomStream* random) {
  BodyPose pose;
  pose.root = RandomRotation(random);
  pose.translation_m = RandomVector(random);
  for (Quatd& joint : pose.joints) joint = RandomRotation(random);
  return pose;
}

inline float RandomConfidence(RandomStream* random) { return static_cast<float>(random->Uniform()); }

inline Clip SampleClip(int num_frames) {
  Clip clip;
  clip.id = "0123456789abcdef0123456789abcdef";
  clip.name = "walk";
  clip.source_path = "/videos/walk.mp4";
  clip.source_hash = "fedcba9876543210fedcba9876543210";
  clip.first_frame = 7;
  for (int t = 0; t < num_frames; ++t) clip.time_s.push_back(0.1 + t / 29.97);
  clip.frame_rate_hz = 29.97;
  clip.working_from_source = {66, 35, 32, 16, 0.5, 0.5, -0.25, -0.75};
  return clip;
}

inline ImageF SampleDepth(int width, int height, RandomStream* random) {
  ImageF depth(width, height);
  for (float& z : depth.data) z = random->Bernoulli(0.1) ? 0.0f : static_cast<float>(random->Uniform(1, 9));
  return depth;
}

inline ImageF SampleDepthConfidence(const ImageF& depth_m, RandomStream* random) {
  ImageF confidence(depth_m.width, depth_m.height);
  for (size_t i = 0; i < depth_m.data.size(); ++i) {
    if (depth_m.data[i] > 0) confidence.data[i] = RandomConfidence(random);
  }
  return confidence;
}

inline PersonObservations SamplePersonObservations(int id, int num_frames, RandomStream* random) {
  PersonObservations person;
  person.id = id;
  for (double& coefficient : person.shape) coefficient = RandomNumber(random);
  for (int t = 0; t < num_frames; ++t) {
    const float x = static_cast<float>(random->Uniform(0, 20));
    person.frames.push_back(
        {t, {x, 1.5f, 3.25f, 8.5f}, RandomConfidence(random), RandomPose(random), RandomConfidence(random)});
  }
  person.contacts = {{0, 11, 0.5f, true}, {0, 14, 0.25f, false}, {1, 2, 1.0f, true}};
  person.flags = {"pose_unobserved"};
  return person;
}

// 6 frames of 32 x 16, keyframes 0, 3, 5, two people.
inline Observations SampleObservations() {
  RandomStream random(7, "sample observations");
  Observations observations;
  observations.clip = SampleClip(6);
  for (int t = 0; t < 6; ++t) {
    observations.camera.world_from_cam.push_back({RandomRotation(&random), RandomVector(&random)});
  }
  observations.camera.poses_fixed = true;
  observations.camera.metric = true;
  observations.camera.pinhole = {28.5, 15.25, 7.75};
  observations.camera.focal_fixed = true;
  observations.camera.focal_observable = false;
  observations.camera.distortion = {-0.11, 0.02};
  observations.ground = {true, {0.6, -0.8, 0}, -1.625};
  for (int frame : {0, 3, 5}) {
    Keyframe keyframe;
    keyframe.frame = frame;
    keyframe.depth_m = SampleDepth(32, 16, &random);
    keyframe.confidence = SampleDepthConfidence(keyframe.depth_m, &random);
    keyframe.person_mask = ImageU8(32, 16);
    for (int x = 4; x < 9; ++x) {
      keyframe.person_mask.At(x, 5) = 255;
      keyframe.confidence.At(x, 5) = 0;
    }
    keyframe.color = ImageU8(32, 16, 3);
    for (uint8_t& value : keyframe.color.data) value = static_cast<uint8_t>(random.UniformInt(0, 255));
    observations.keyframes.push_back(keyframe);
  }
  observations.pairs = {{0, 1, {}}, {0, 2, {}}, {1, 2, {}}};
  for (size_t p : {size_t{0}, size_t{2}}) {  // The pair between has no matches.
    for (int m = 0; m < 5; ++m) {
      const float x = static_cast<float>(random.Uniform(0, 31));
      observations.pairs[p].matches.push_back({x, 3.5f, x + 0.125f, 4.5f, RandomConfidence(&random)});
    }
  }
  observations.people.push_back(SamplePersonObservations(4, 6, &random));
  observations.people.push_back(SamplePersonObservations(9, 4, &random));
  observations.flags = {"camera_static", "focal_ambiguous"};
  observations.source = "test 1.0";
  return observations;
}

inline PersonInWorld SamplePersonInWorld(int id, int num_frames, RandomStream* random) {
  PersonInWorld person;
  person.id = id;
  for (double& coefficient : person.shape) coefficient = RandomNumber(random);
  for (int t = 0; t < num_frames; ++t) {
    person.frames.push_back(t);
    person.body_in_world.push_back(RandomPose(random));
    person.confidence.push_back(RandomConfidence(random));
    person.box_px.push_back({1.5f * t, 2, 3.5f, 9});
    person.foot_contact.push_back({0, 0.25f, 1, RandomConfidence(random)});
    std::array<Vec3d, kNumJoints>& joints = person.joints_in_world.emplace_back();
    for (Vec3d& joint : joints) joint = RandomVector(random);
  }
  person.flags = {"pose_unobserved"};
  return person;
}

inline SolverSummary SampleSummary() {
  SolverSummary summary;
  summary.termination = SolverSummary::Termination::kConverged;
  summary.message = "relative decrease below 1e-6";
  summary.terms = {{"match", 1, 3.5, 0.25, 1000}, {"contact_scale", 0.5, 0.75, 0.125, 40}};
  summary.iterations = {{"align", 0, 3.875, {3.5, 0.75}, 1e-4, 0.5, true},
                        {"refine", 1, 0.3125, {0.25, 0.125}, 1e-5, 0.03, false}};
  summary.num_keyframes = 3;
  summary.num_parameters = 77;
  summary.num_rejected_steps = 2;
  summary.num_non_finite_steps = 1;
  return summary;
}

// 6 frames, keyframes 0, 3, 5 of 32 x 16, two people, 50 points; depths and confidences are float16
// numbers, so that a label file keeps them exactly.
inline Quality SampleQuality(const Reconstruction& reconstruction) {
  Quality quality;
  quality.known = true;
  for (size_t k = 0; k < reconstruction.keyframes.size(); ++k) {
    quality.keyframes.push_back({100 + static_cast<int>(k), 0.75f, 0.5f});
  }
  for (size_t p = 0; p < reconstruction.people.size(); ++p) {
    quality.people.push_back({{0, 1}, {0.01f, -0.02f}, 0.022f, -0.03f});
  }
  quality.focal_sigma = 0.004;
  quality.focal_from_prior = 0.0064;
  quality.condition = 1e5;
  return quality;
}

inline Label SampleLabel() {
  RandomStream random(8, "sample label");
  Label label;
  label.clip = SampleClip(6);
  Reconstruction& reconstruction = label.reconstruction;
  reconstruction.pinhole = {28.5, 15.25, 7.75};
  reconstruction.distortion = {-0.11, 0.02};
  reconstruction.gravity_known = true;
  for (int t = 0; t < 6; ++t) {
    reconstruction.world_from_cam.push_back({RandomRotation(&random), RandomVector(&random)});
  }
  for (int frame : {0, 3, 5}) {
    KeyframeDepth keyframe;
    keyframe.frame = frame;
    keyframe.scale = random.Uniform(0.8, 1.25);
    keyframe.depth_m = SampleDepth(32, 16, &random);
    keyframe.confidence = SampleDepthConfidence(keyframe.depth_m, &random);
    for (float& z : keyframe.depth_m.data) z = FloatFromHalf(HalfFromFloat(z));
    for (float& c : keyframe.confidence.data) c = FloatFromHalf(HalfFromFloat(c));
    reconstruction.keyframes.push_back(keyframe);
  }
  reconstruction.people.push_back(SamplePersonInWorld(4, 6, &random));
  reconstruction.people.push_back(SamplePersonInWorld(9, 2, &random));
  for (int i = 0; i < 50; ++i) {
    const Vec3d position = RandomVector(&random);
    const uint8_t shade = static_cast<uint8_t>(5 * i);
    reconstruction.points.push_back(
        {position.Cast<float>(), RandomConfidence(&random), {shade, 7, static_cast<uint8_t>(255 - shade)}});
  }
  reconstruction.flags = {"camera_static", "focal_ambiguous"};
  label.summary = SampleSummary();
  label.quality = SampleQuality(label.reconstruction);
  label.provenance = {"foothold 0.1.0", "test 1.0", "[josh]\nmax_iterations = 30\n", std::string(32, 'b')};
  return label;
}

// The same, made from a student's prediction: quality has what golden files of version 2 have not.
inline Label SampleLabelFromStudent() {
  Label label = SampleLabel();
  label.quality.student = {true, 0.03, 1.02};
  for (size_t p = 0; p < label.quality.people.size(); ++p)
    label.quality.people[p].student_distance_m = 0.25f * static_cast<float>(p + 1);
  return label;
}

}  // namespace foothold::labels
