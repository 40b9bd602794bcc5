// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/vec.h"
#include "foothold/scene/image.h"

namespace foothold {

// Several predictions of the same image's pointmap (one per pair the image is part of) made into one
// view: a mean, and a *relative depth* whose unknowns are only the depths of anchors, one per block of
// 8 x 8 pixels. Pointmaps are images with three channels, metres, in the image's own camera.

constexpr int kAnchorBlock_px = 8;
constexpr int kAnchorOffset_px = 4;  // The anchor of a block is its pixel (4, 4).

struct CanonicalView {
  ImageF mean_pointmap_m;            // Weighted by confidence - 0.999; three channels.
  ImageF confidence;                 // Sum of squared weights over their sum.
  ImageF relative_depth;             // r: depth of a pixel over that of its anchor; 1 at anchors. It does
                                     // not see a depth step on a block boundary.
  std::vector<double> core_depth_m;  // z of the mean pointmap at the anchors, row by row.
};

// `pointmaps` and `confidences` (>= 1; exactly 1 on people) have the same positive number of images,
// all of one size whose sides are multiples of 8. Relative depth: the angle of the depth slope from the
// anchor, averaged over predictions, times their mean lateral distance (MASt3R-SfM, "avg-angle").
CanonicalView MakeCanonicalView(const std::vector<ImageF>& pointmaps, const std::vector<ImageF>& confidences);

// Anchor of a pixel, row-major over blocks, and r(pixel) / r(anchor).
struct AnchoredPixel {
  int anchor = 0;
  double offset = 1;
};
AnchoredPixel AnchorOf(const ImageF& relative_depth, int x, int y);

// Focal length in pixels that projects a pointmap onto its own pixels, principal point (W/2, H/2):
// Weiszfeld's algorithm, ten reweightings, which a minority of outliers does not move; limited to
// [0.5, 3.5] max(W, H) / (2 tan 30 deg). Pixels with z = 0 do not count.
double EstimateFocal_px(const ImageF& pointmap);

// The lower median: sorted element (n - 1) / 2. `values` must not be empty.
double LowerMedian(std::vector<double> values);

}  // namespace foothold
