// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>

#include "foothold/base/random.h"
#include "foothold/scene/observations.h"

namespace foothold::labels {

// Small valid data with every field set to something of its own.

inline Quatd RandomRotation(RandomStream* random) {
  return ExpQuaternion(Vec3d{random->Normal(), random->Normal(), random->Normal()});
}

inline Vec3d RandomVector(RandomStream* random) {
  return {random->Normal(), random->Normal(), random->Normal()};
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
  for (double& coefficient : person.shape) coefficient = random->Normal();
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

}  // namespace foothold::labels
