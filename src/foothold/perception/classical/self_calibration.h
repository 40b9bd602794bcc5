// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/perception/classical/bundle.h"

namespace foothold {

struct CalibrationOptions {
  double max_rms_px = 0.6;       // Above: flag reprojection_high.
  double ambiguity_step = 0.25;  // The focal length is ambiguous when changing it by this share ...
  double ambiguity_cost = 0.10;  // ... raises the cost by less than this share.
  int max_keyframes = 40;        // Used for calibration; the middle of longer clips.
  int max_points = 1200;         // Used for calibration: those with most views.
  static const OptionTable& Table();
};

// One start of the search, over image width where it says so.
struct CalibrationStart {
  double start_focal_over_width = 0;
  LensModel lens;
  double cost_per_observation = 0;
};

struct LensCalibration {
  LensModel lens;
  bool focal_observable = false;
  double cost_per_observation = 0;                 // Huber, px^2.
  double cost_ratio_low = 0, cost_ratio_high = 0;  // At the focal length less and more a step, over the best.
  std::vector<CalibrationStart> starts;
};

// Focal length and k1 from a reconstruction made with any plausible lens: the structure is stretched to
// each of several starting focal lengths and adjusted, first with the focal length held. Low focal
// lengths come first and win ties, because high starts crawl. Without k1 the focal length of a wide
// lens is badly wrong (0.94 against 0.575 of the width on one clip).
LensCalibration CalibrateLens(const BundleProblem& base,
                              double width_px,
                              bool fix_translations,
                              const CalibrationOptions& options,
                              int threads);

// The `count` points with most views (ties: lower index) and their observations.
BundleProblem KeepBestSeenPoints(const BundleProblem& problem, int count);

}  // namespace foothold
