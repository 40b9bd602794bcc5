// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "foothold/scene/body.h"

namespace foothold {

// One joint optimisation as packed arrays, in the form of the released JOSH (docs/josh.md, "Released
// mode"): keyframes with the depths of their anchors (one per 8 x 8 block), pairwise matches, a tree of
// poses, bodies and their contacts. Cameras are OpenCV's; the principal point is the image centre.

struct MatchArrays {                       // One entry per match; pair p owns offset[p] .. offset[p + 1] - 1.
  std::vector<uint16_t> x1, y1, x2, y2;    // Pixels in the first and second keyframe of the pair.
  std::vector<uint16_t> anchor1, anchor2;  // Of those pixels.
  std::vector<float> omega1, omega2;       // Depth at the pixel over depth at its anchor.
  std::vector<float> confidence;

  size_t size() const { return confidence.size(); }
};

// A body vertex that touches what the camera sees at an anchor.
struct AnchorContact {
  int keyframe = 0, anchor = 0;
  float omega = 1, confidence = 1;
  int body = 0;  // Entry of JointTrack::keyframes.
  int vertex = 0;
};

// A vertex in contact at a body frame and at the one before it (also across a gap).
struct RepeatedContact {
  int body = 0, previous_body = 0;
  int vertex = 0;
};

// Parameters of one person. Rotations are raw numbers, as the released optimiser has them: it
// normalises neither the body's quaternions nor its matrices.
struct TrackParameters {
  std::vector<Quatd> root;           // [T], in the camera; rotates by R(q) = I + 2 / (q . q) (...).
  std::vector<Vec3d> translation_m;  // [T]
  std::vector<std::array<Mat3d, kNumJoints - 1>> rotation;  // [T], of joints 1..23 to their parents.
  BodyShape shape{};
};

struct JointTrack {
  std::vector<int> keyframes;  // [T], strictly ascending.
  TrackParameters initial;
  std::vector<AnchorContact> scale_contacts;
  std::vector<RepeatedContact> static_contacts;
};

struct JointProblem {
  int width = 0, height = 0;
  int anchors_x = 0, anchors_y = 0;
  double initial_focal_px = 1;
  std::vector<float> core_depth_m;        // [N * A]
  std::vector<float> median_depth_m;      // [N], lower median of the keyframe's core depths.
  std::vector<float> base_focal_px;       // [N], at which the depths were made.
  std::vector<std::array<int, 2>> pairs;  // i < j, each unordered pair once.
  std::vector<int64_t> offset;            // [P + 1]
  MatchArrays matches;
  int root = 0;
  std::vector<std::array<int, 2>> edges;  // (parent, child), parents first: a spanning tree.
  std::vector<JointTrack> tracks;

  int num_keyframes() const { return static_cast<int>(median_depth_m.size()); }
  int num_anchors() const { return anchors_x * anchors_y; }
  int num_pairs() const { return static_cast<int>(pairs.size()); }
  int num_bodies() const;
};

// All unknowns. As a gradient, each member holds the derivative by the member of the same name.
struct JointParameters {
  std::vector<Quatd> camera_rotation;  // [N], pose to the parent in the tree, raw numbers.
  std::vector<Vec3d> camera_tau_m;     // [N]
  std::vector<double> log_size;        // [N]
  double log_focal = 0;
  std::vector<TrackParameters> tracks;
};

// Cameras together at their pivots, sizes 1, the initial focal length and bodies.
JointParameters InitialParameters(const JointProblem& problem);

// What is wrong with the problem, one line each, empty when nothing is: sizes, indices, finite and
// positive numbers, a spanning tree. `num_vertices`: of the body model.
std::vector<std::string> CheckJointProblem(const JointProblem& problem, int num_vertices);

}  // namespace foothold
