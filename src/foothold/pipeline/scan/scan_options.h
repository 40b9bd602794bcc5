// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// How a corpus is scanned (docs/corpus.md).
struct ScanOptions {
  std::string hash = "ends";  // ends, full
  int samples = 6;            // Places that are looked at, two pictures each.
  int min_short_side_px = 128;
  double dark_level = 32;
  double still_level = 4;
  double slideshow_share = 0.9;
  double subtitle_band = 0.35;
  bool people = true;
  double people_score = 1.0;
  int people_long_edge_px = 960;
  double part_minutes = 3;
  double file_timeout_s = 60;
  int worker_memory_mb = 4096;
  static const OptionTable& Table();
};

}  // namespace foothold
