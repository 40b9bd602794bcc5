// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <string>

#include "foothold/corpus/manifest.h"

namespace foothold {

// Lengths of videos: below each bound in seconds, and above the last.
constexpr std::array<double, 6> kLengthBounds_s = {5, 15, 60, 300, 1800, 7200};

// What a manifest asks for.
struct CorpusPlan {
  long num_videos = 0, num_units = 0, num_long = 0, num_rejected = 0;
  std::map<std::string, long> rejected;  // Videos by reason.
  long num_frames = 0;                   // Of videos that are not rejected.
  double duration_s = 0;
  std::array<long, kLengthBounds_s.size() + 1> num_of_length = {};
  double cost_s = 0, longest_unit_s = 0;  // Estimated seconds of one rank.
  // Units that a run has finished: how much longer they took than estimated. Zero of them: the scan's
  // estimate stands.
  long num_measured = 0;
  double measured_over_estimate = 1;

  // Hours until the last of `ranks` ranks is done: work shared evenly, but no unit divided.
  double Hours(int ranks) const;
};

// `records_folder`: of the run's ledger; it need not exist.
CorpusPlan MakePlan(const Manifest& manifest, const std::string& records_folder);

}  // namespace foothold
