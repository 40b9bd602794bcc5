// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "foothold/scene/observations.h"

namespace foothold {

// Which person of `earlier` is which of `later` (indices), two parts of one clip; `offset` is the later
// part's first frame in the earlier. Two tracks are one person when their boxes overlap by half on average
// over the frames that both see; best first, one to one.
std::vector<std::pair<int, int>> LinkTracks(const Observations& earlier,
                                            const Observations& later,
                                            int offset);

}  // namespace foothold
