// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/perception/classical/ground.h"
#include "foothold/scene/observations.h"

namespace foothold {

// The ground plane in the depths of the keyframes, whose cameras are placed; of a camera that stands still
// those of the first keyframe, as each has a unit of its own. Sets ground; flags: no_ground, ground_drift.
void SeeGround(const GroundOptions& options, Observations* observations);

}  // namespace foothold
