// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/perception/classical/frames.h"
#include "foothold/perception/classical/people.h"
#include "foothold/perception/classical/tracks_klt.h"

namespace foothold {

struct RegimeOptions {
  double static_move_px = 0.3;              // Median feature motion below this: the camera stands still.
  double rotation_inlier_share = 0.9;       // Within 1 px of one homography, above this ...
  double rotation_p80_px = 0.5;             // ... and 80th percentile of its error below this: rotation only.
  double min_gap_s = 0.6, max_gap_s = 1.4;  // Between the two frames of a pair.
  static const OptionTable& Table();
};

// Medians over frame pairs, analysis pixels; what the decision was made from.
struct RegimeFigures {
  int num_pairs = 0;
  double move_px = 0;
  double homography_inlier_share = 0;
  double homography_p80_px = 0;
};

// Whether the camera stands still over the whole clip. People may be in the picture as long as they do
// not cover most of its corners. Pairs are tracked directly from one frame to the other.
bool IsStaticCamera(const ClipFrames& frames, const RegimeOptions& options, RegimeFigures* figures);

// Rotation or parallax, for a camera known to move, from tracks outside people.
CameraRegime ClassifyMovingCamera(const std::vector<FeatureTrack>& tracks,
                                  const std::vector<int>& keyframes,
                                  const std::vector<double>& time_s,
                                  const RegimeOptions& options,
                                  RegimeFigures* figures);

}  // namespace foothold
