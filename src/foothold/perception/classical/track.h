// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "foothold/geometry/vec.h"
#include "foothold/perception/classical/detect_boxes.h"

namespace foothold {

// Detections joined to tracks; pure logic over what images said.

struct TrackPoint {
  int frame = 0;
  Box box;
  bool detected = false;
  double score = 0;  // Running score of the detections, in start thresholds.
};

struct BoxTrack {
  int id = 0;
  int hits = 0;
  std::vector<TrackPoint> points;  // One per frame, without holes.
};

// Colours of a torso, sums to 1; empty when unknown.
using Appearance = std::vector<float>;

struct TrackerInput {
  int num_frames = 0;
  int width = 0, height = 0;                        // Of the image that the boxes are in.
  int step = 1;                                     // Frames between two looked-at frames.
  std::vector<FrameDetections> detections;          // Gated; every `step` frames from 0.
  std::vector<std::vector<Appearance>> appearance;  // [entry][detection].
  // Motion from frame - 1 to frame of the torso of a person whose box was `box` at frame - 1, pixels;
  // nothing when it cannot be told.
  std::function<std::optional<Vec2d>(int frame, const Box& box)> torso_motion;
};

struct TrackerOptions {
  double start_score = 1.0;
  double continue_score = 0.5;
  int max_coast_frames = 12;
  int min_hits = 5;
};

// Tracks that were detected at least `min_hits` times and in a third of the looked-at frames, in
// order of their first frame; coasting tails are cut off.
std::vector<BoxTrack> JoinDetections(const TrackerInput& input, const TrackerOptions& options);

// 1 - Bhattacharyya overlap, square root: 0 equal .. 1 nothing in common. 0 when either is unknown.
double AppearanceDistance(const Appearance& a, const Appearance& b);

}  // namespace foothold
