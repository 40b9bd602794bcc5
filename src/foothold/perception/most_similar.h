// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/image.h"

namespace foothold {

// For every query, a pixel of `queries_map`, the index of the pixel of `map` whose descriptor has the
// largest dot product with it; the smallest such index where several have. Scores are computed in tiles
// that stay in the cache and reduced at once: memory is that of the queries, never queries x pixels.
// Sums run over channels in order, in float32, so the result does not depend on the number of threads.
std::vector<int> MostSimilarPixels(const ImageF& map,
                                   const ImageF& queries_map,
                                   const std::vector<int>& queries,
                                   int threads);

}  // namespace foothold
