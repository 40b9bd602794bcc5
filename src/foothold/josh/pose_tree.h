// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

namespace foothold {

// A spanning tree of images along which camera poses are chained.
struct PoseTree {
  int root = 0;
  std::vector<std::array<int, 2>> edges;  // (parent, child), breadth first from the root.
  double total_score = 0;                 // Sum of the scores of the edges.
};

// Maximum spanning tree of pair scores (`scores[i * num_nodes + j]`, symmetric; 0: no pair), rooted
// near its middle: the root maximises the smaller of its breadth-first ranks from both ends of the
// tree. Ties are broken by index, so the result is a function of the scores alone. Throws
// Error(kBadInput), reason "views_disconnected", when the pairs do not connect all images.
PoseTree BuildPoseTree(const std::vector<double>& scores, int num_nodes);

}  // namespace foothold
