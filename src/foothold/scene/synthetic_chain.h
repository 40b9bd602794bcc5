// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/transform.h"
#include "foothold/scene/observations.h"

namespace foothold::synthetic {

// Initial cameras, one per frame: keyframe k + 1 to keyframe k by a robust similarity between their
// matched 3D points (the depths as given), chained from the first keyframe, which is the identity;
// other frames are interpolated. With `rotation_only` the viewing directions alone are aligned.
std::vector<Rigid3d> ChainCameras(const Observations& observations, bool rotation_only);

}  // namespace foothold::synthetic
