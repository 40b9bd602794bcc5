// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

namespace foothold {

// Pairs (i, j) of images with i < j <= i + window, ascending. Each pair is listed once: the swapped
// pair carries the same matches.
std::vector<std::pair<int, int>> WindowPairs(int num_images, int window);

}  // namespace foothold
