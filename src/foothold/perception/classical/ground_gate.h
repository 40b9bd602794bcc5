// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception/classical/detect_boxes.h"

namespace foothold {

// People of about one stature on one ground plane: box height = slope * (foot row - horizon row). The
// slope holds for the whole clip, the horizon moves with the camera's pitch. Removes nearly all false
// detections.
struct GroundGate {
  bool known = false;
  double slope = 0;
  std::vector<double> horizon_px;  // One per entry of the detections it was fitted to.

  double ExpectedHeight(int entry, double foot_y) const { return slope * (foot_y - horizon_px[entry]); }
};

struct GroundGateOptions {
  bool one_horizon = false;     // Static camera.
  int half_window_frames = 15;  // Of the horizon's mode, moving camera.
};

// Grid over the slope, weighted mode of the horizon. `detections` ascend in frame. Unknown when fewer
// than six detections are strong.
GroundGate FitGroundGate(const std::vector<FrameDetections>& detections, const GroundGateOptions& options);

// Gives detections that are as small as people are found the height expected around their middle, where
// that is smaller by less than 30 %: a detector fires on people who are a little too small for it.
void ShrinkSmallest(const GroundGate& gate, std::vector<FrameDetections>* detections);

// Drops detections below `min_score`, those whose |ln(height / expected)| exceeds `max_log_height`
// (none when the gate is unknown) and those contained in stronger ones.
void ApplyGroundGate(const GroundGate& gate,
                     double min_score,
                     double max_log_height,
                     std::vector<FrameDetections>* detections);

}  // namespace foothold
