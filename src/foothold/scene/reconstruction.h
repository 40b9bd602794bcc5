// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace foothold
