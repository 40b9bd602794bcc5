// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/pipeline/label_video.h"

namespace foothold {

// Files beside a label. <name>.timing.json holds the wall-clock facts that labels must not contain:
// frames, seconds and frames per second, in all and per phase. <name>.failed.json says why there is no
// label; it goes away once there is one. Throws Error(kStorage).
void WriteSidecars(const ClipOutcome& outcome, const std::string& source_path, const std::string& output_dir);

// The timing file of a label, or no phases when there is none or it cannot be read.
struct Timing {
  double total_s = 0;
  int num_frames = 0;
  PhaseTimes times;
};
Timing ReadTiming(const std::string& label_path);

// "detect 12.1 ms/frame, optimise 3.0 ms/frame, all 21.0 ms/frame (47.6 frames/s)".
std::string FormatTimes(const PhaseTimes& times, double total_s, int num_frames);

}  // namespace foothold
