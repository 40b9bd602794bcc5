// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/body.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"

namespace foothold {

// What perception says about one clip: the input of the joint optimisation, whatever back end made
// it. All pixels are of the *undistorted working image* (pinhole). Frames count from 0 in the clip.
// docs/observations.md describes the file form.

struct Box {
  float x = 0, y = 0, width = 0, height = 0;  // Top-left corner and size, pixels.
};

struct PersonFrame {
  int frame = 0;
  Box box_px;
  float confidence = 0;       // Of the detection, 0..1.
  BodyPose body_in_cam;       // Initial body.
  float pose_confidence = 0;  // 0: joint rotations are an assumption (upright), 1: observed.
};

// A vertex of the body that touches the scene at one keyframe.
struct Contact {
  int keyframe = 0;     // Index into Observations::keyframes.
  int vertex = 0;
  float confidence = 0;
  bool stationary = false;  // The foot is planted: it does not move in the world around this keyframe.
};

struct PersonObservations {
  int id = 0;
  BodyShape shape{};                // Initial.
  std::vector<PersonFrame> frames;  // Strictly ascending frame.
  std::vector<Contact> contacts;    // Ascending keyframe, then vertex.
  std::vector<std::string> flags;   // For example "pose_unobserved"; docs/observations.md lists all.
};

struct Keyframe {
  int frame = 0;
  ImageF depth_m;       // Depth along z up to this keyframe's unknown scale; 0 where unknown.
  ImageF confidence;    // 0..1; 0 on people and where depth is unknown.
  ImageU8 person_mask;  // 0 or 255; may be empty.
  ImageU8 color;        // RGB, working size; may be empty.
};

struct PixelMatch {
  float x_i, y_i, x_j, y_j;
  float confidence;
};

struct KeyframePair {
  int i = 0, j = 0;  // Keyframe indices, i < j.
  std::vector<PixelMatch> matches;
};

struct CameraObservations {
  std::vector<Rigid3d> world_from_cam;  // Initial, one per frame; scale is arbitrary unless `metric`.
  bool poses_fixed = false;             // Static or purely rotating camera: not to be optimised.
  bool metric = false;                  // Translations are already in metres (ground-plane metrology).
  Pinholed pinhole{0, 0, 0};            // Working image.
  bool focal_fixed = false;
  bool focal_observable = true;
  RadialDistortiond distortion{0, 0};   // From undistorted to working image, normalised by pinhole.
};

// Plane n . x = offset in the initial world, n pointing up (away from gravity), |n| = 1.
struct GroundPlane {
  bool known = false;
  Vec3d up_in_world{0, -1, 0};
  double offset_m = 0;
};

struct Observations {
  Clip clip;
  CameraObservations camera;
  GroundPlane ground;
  std::vector<Keyframe> keyframes;  // Ascending frame; first is frame 0, last the last frame.
  std::vector<KeyframePair> pairs;  // Ascending (i, j).
  std::vector<PersonObservations> people;
  std::vector<std::string> flags;   // "camera_static", "focal_ambiguous", ...
  std::string source;               // Back end and its version, for provenance.
};

// Every broken rule of the comments above and of docs/observations.md (sizes, order, ranges, finite
// values), one line each, at most ProblemList::kMaxProblems; empty when all is well.
std::vector<std::string> ProblemsOf(const Observations& observations);
// Throws Error(kBadInput) naming the first broken rule; `origin` is the file or back end to blame.
void CheckObservations(const Observations& observations, const std::string& origin);

}  // namespace foothold
