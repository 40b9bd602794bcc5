// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/scene/observations.h"

namespace foothold {

// World of `earlier` from that of `later`, two parts of one clip that share `shared` frames: the later's
// first ones, which are the earlier's from `offset` on. The scale is the median ratio of depths at keyframes
// that both have (that of the camera's path where depths say nothing; 1 between parts that are in metres);
// rotation and translation are means over the shared frames.
Similarity3d AlignWorlds(const Observations& earlier, const Observations& later, int offset, int shared);

// The same observations in another world.
void MoveWorld(const Similarity3d& new_from_old, Observations* observations);

}  // namespace foothold
