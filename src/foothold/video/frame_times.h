// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

// Inside the video module only: what decoders say about time, made usable.
namespace foothold::video_internal {

struct FrameTimes {
  std::vector<double> time_s;  // Strictly increasing, finite, from the first frame's 0 or later.
  double median_interval_s = 0;
  bool any_known = false;  // False: nothing but `fallback_rate_hz`.
};

// `reported_s`: presentation times in decoded order. FFmpeg's drained frames read 0.0 through OpenCV,
// and damaged files jump: only the longest strictly increasing run of times (a subsequence) is
// believed; the others are filled in linearly, and continued with the median interval of the nearest
// known ones at both ends.
FrameTimes RepairFrameTimes(const std::vector<double>& reported_s, double fallback_rate_hz);

// More than 5 % of the intervals are off the median by more than a fifth.
bool IsVariableRate(const FrameTimes& times);

// Frames after which something is missing: intervals above 0.25 s and 3.5 medians. Each entry is the
// first frame behind a gap.
std::vector<int> FramesBehindGaps(const std::vector<double>& time_s);

}  // namespace foothold::video_internal
