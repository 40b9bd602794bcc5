// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/observations.h"

namespace foothold {

struct Lens {
  Pinholed pinhole{0, 0, 0};
  RadialDistortiond distortion{0, 0};
  bool focal_observable = false;
};

// One lens for parts that were calibrated each for itself: that of the median focal length, weighted by
// frames, among the parts that show it (among all, when none does).
Lens CommonLens(const std::vector<Observations>& parts);

// Observations as another lens would have made them: positions and pictures are laid over to its
// undistorted image; depths and bodies keep their width across the view, so that they move by the ratio of
// the focal lengths.
void ChangeLens(const Lens& lens, const BodyModel& body, Observations* observations);

}  // namespace foothold
