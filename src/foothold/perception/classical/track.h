// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "foothold/perception/classical/detect_boxes.h"

namespace foothold {

// Detections joined to tracks; pure logic over what images said.

// How a person moved from one frame to the next, told by the torso's texture. It does not tell growth:
// see track_smooth.cc.
struct BoxMotion {
  double dx = 0, dy = 0;     // Of the torso, pixels.
  double torso_to_foot = 0;  // Rows between them.

  // A foot moves with the torso, and away from it as the box grows.
  double FootDy(double log_growth) const { return dy + log_growth * torso_to_foot; }
};

struct TrackPoint {
  int frame = 0;
  Box box;                          // Filtered: knows the past only.
  std::optional<Box> seen;          // The detection itself.
  std::optional<BoxMotion> motion;  // Since the frame before.
  double score = 0;                 // Running score of the detections, in start thresholds.

  bool detected() const { return seen.has_value(); }
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
  // From frame - 1, where the box was `box`, to frame; nothing when it cannot be told.
  std::function<std::optional<BoxMotion>(int frame, const Box& box)> motion;
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
