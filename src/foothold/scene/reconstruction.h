// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/body.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Metric camera, people and scene of one clip in one world: what the optimiser returns, a label file
// stores and a synthetic truth file holds. Metres; world: OpenCV-like axes, y along gravity when
// `gravity_known`, else the first camera's axes.

struct PersonInWorld {
  int id = 0;
  BodyShape shape{};
  std::vector<int> frames;               // Strictly ascending.
  std::vector<BodyPose> body_in_world;   // One per entry of frames.
  std::vector<float> confidence;         // One per entry of frames, 0..1.
  std::vector<Box> box_px;               // One per entry of frames, undistorted working image; may be empty.
  // Per entry of frames: left heel, left toe, right heel, right toe touching the scene, 0..1.
  std::vector<std::array<float, 4>> foot_contact;
  // SMPL's joints in the world, one set per entry of frames: what FillJoints computes, stored so that
  // users of a label need no body model.
  std::vector<std::array<Vec3d, kNumJoints>> joints_in_world;
  std::vector<std::string> flags;
};

struct ScenePoint {
  Vec3f position_m;
  float confidence;
  uint8_t rgb[3];
};

struct KeyframeDepth {
  int frame = 0;
  double scale = 1;    // What the observed depth was multiplied by.
  ImageF depth_m;      // Metric z depth; 0 unknown.
  ImageF confidence;   // After cleaning.
};

struct Reconstruction {
  Pinholed pinhole{0, 0, 0};
  RadialDistortiond distortion{0, 0};
  bool gravity_known = false;
  std::vector<Rigid3d> world_from_cam;  // One per frame.
  std::vector<KeyframeDepth> keyframes;
  std::vector<PersonInWorld> people;
  std::vector<ScenePoint> points;
  std::vector<std::string> flags;
};

// Poses the body model for every person and frame: fills joints_in_world.
void FillJoints(const BodyModel& model, Reconstruction* reconstruction);

// Every broken rule of the comments above (sizes, order, ranges, finite values, unit rotations), one
// line each, at most ProblemList::kMaxProblems; empty when all is well.
std::vector<std::string> ProblemsOf(const Reconstruction& reconstruction, const Clip& clip);

}  // namespace foothold
