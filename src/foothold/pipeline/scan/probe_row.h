// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foothold/corpus/manifest_row.h"
#include "foothold/pipeline/scan/picture_judge.h"
#include "foothold/pipeline/scan/scan_options.h"
#include "foothold/video/sampler.h"
#include "foothold/video/video.h"

namespace foothold {

// The places of a video that are looked at.
struct Pictures {
  int width = 0, height = 0;
  std::vector<ImageU8> images;  // Two for each place, shrunk to what people are looked for in.
  std::vector<ThumbPair> places;
  bool reaches_end = false;  // The last place could be read.
};

// Looks at videos one after the other, in the process that calls: a decoder that crashes takes it along.
class RowProber {
 public:
  RowProber(const ScanOptions& scan, const VideoOptions& video);
  // Fills in facts, the frames of a range in seconds, the cost, and where the video cannot carry a label, the
  // reason. `progress` is called at least before every single step that may hang. Throws nothing but what
  // `progress` throws.
  void Probe(ManifestRow* row, const std::function<void()>& progress);

 private:
  struct Row {
    const std::string& path;
    const std::function<void()>& progress;
  };
  void Look(ManifestRow* manifest_row, const Row& row);
  void ReadClaims(const VideoSampler& sampler, VideoFacts* facts, const Row& row);
  void CountFrames(ManifestRow* manifest_row, const Row& row);
  void CountExactly(VideoFacts* facts, const Row& row);
  Pictures LookAt(VideoSampler* sampler, ManifestRow* manifest_row, const Row& row);
  const std::vector<double>& TimesOf(const Row& row);

  ScanOptions scan_;
  VideoOptions video_;
  // Of the file before: a list may have many ranges of one video.
  std::string times_path_, content_path_, content_;
  std::vector<double> times_s_;
};

}  // namespace foothold
