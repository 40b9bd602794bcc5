// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/pipeline/scan/scan_options.h"
#include "foothold/scene/image.h"

namespace foothold {

// A picture shrunk to 64 x 36 grey levels, row by row: what is left does not see noise and compression.
struct Thumb {
  static constexpr int kWidth = 64, kHeight = 36;
  std::vector<float> gray;
};
Thumb MakeThumb(const ImageU8& rgb);

// `rgb` with its long edge at most so long.
ImageU8 ShrinkTo(int long_edge_px, ImageU8 rgb);

// Two pictures a fraction of a second apart.
struct ThumbPair {
  Thumb first, second;
};

// A named reason and what was seen; no reason: nothing against the video.
struct Verdict {
  std::string reason, message;
};

// Places of a video in their order: static_image, too_dark, slideshow.
Verdict JudgePictures(const std::vector<ThumbPair>& places, const ScanOptions& options);

// All that changes lies in one horizontal band. True for text over a still picture, and for people far away
// in front of a static camera: for videos in which no people were found.
bool OnlyABandChanges(const std::vector<ThumbPair>& places, const ScanOptions& options);

}  // namespace foothold
