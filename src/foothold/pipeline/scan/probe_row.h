// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foothold/corpus/manifest_row.h"
#include "foothold/pipeline/scan/scan_options.h"
#include "foothold/video/video.h"

namespace foothold {

// Looks at videos one after the other, in the process that calls: a decoder that crashes takes it along.
class RowProber {
 public:
  RowProber(const ScanOptions& scan, const VideoOptions& video);
  // Fills in facts, the frames of a range in seconds, the cost, and where the video cannot carry a label, the
  // reason. `progress` is called at least before every single step that may hang. Throws nothing but what
  // `progress` throws.
  void Probe(ManifestRow* row, const std::function<void()>& progress);

 private:
  void Look(ManifestRow* row, const std::function<void()>& progress);
  const std::vector<double>& TimesOf(const std::string& path, const std::function<void()>& progress);

  ScanOptions scan_;
  VideoOptions video_;
  // Of the file before: a list may have many ranges of one video.
  std::string times_path_, content_path_, content_;
  std::vector<double> times_s_;
};

}  // namespace foothold
