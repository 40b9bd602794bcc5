// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception/classical/track.h"

namespace foothold {

// Boxes of a whole track that agree best with its detections and with the motion between frames,
// knowing the future as well as the past: least squares in (x of the middle, y of the foot, ln height),
// robust against single bad detections. One box per point.
std::vector<Box> SmoothBoxes(const std::vector<TrackPoint>& points, double frame_rate_hz);

}  // namespace foothold
