// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/scene/body.h"
#include "labels/label.h"

namespace foothold {

struct ReportOptions {
  int pictures = 9;  // Frames with projected bodies, per clip.
  int picture_width_px = 800;
  int depth_pictures = 4;
  int max_points = 20000;  // Scene points of the 3D view, per clip.
  static const OptionTable& Table();
};

struct ReportEntry {
  std::string label_path;
  labels::Label label;
  std::string video_path;  // Empty: the path in the label.
};

// One HTML page about labels, complete in itself: no network, no other file. Per clip: bodies drawn
// over frames, a map of camera and people, depth pictures, cost curves, a table of what to check and a
// small 3D view. A video that cannot be read costs only the pictures, and the page says so. Throws
// Error(kBadInput) when `entries` is empty.
std::string MakeReport(const std::vector<ReportEntry>& entries,
                       const BodyModel& body,
                       const ReportOptions& options);

}  // namespace foothold
