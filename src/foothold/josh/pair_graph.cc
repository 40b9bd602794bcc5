// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/pair_graph.h"

#include <algorithm>

namespace foothold {

std::vector<std::pair<int, int>> WindowPairs(int num_images, int window) {
  std::vector<std::pair<int, int>> pairs;
  for (int i = 0; i < num_images; ++i) {
    for (int j = i + 1; j < std::min(num_images, i + window + 1); ++j) pairs.emplace_back(i, j);
  }
  return pairs;
}

}  // namespace foothold
