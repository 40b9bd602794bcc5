// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory_resource>
#include <vector>

#include "foothold/objective/match_sums.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Stands for a depth of 0, which counts nothing but must not divide by it.
constexpr float kUnknownDepth = 1e-3f;

// One match with the observed depths at both ends. Pixels are minus the principal point.
struct DepthMatch {
  float x_i, y_i, depth_i;
  float x_j, y_j, depth_j;
  float weight_i;  // Match confidence times that of the depth in i; 0 when that depth is unknown.
  float weight_j;
};

inline MatchEnd<float> FirstEnd(const DepthMatch& m) {
  return {m.x_i, m.y_i, std::max(m.depth_i, kUnknownDepth), 0};
}
inline MatchEnd<float> SecondEnd(const DepthMatch& m) {
  return {m.x_j, m.y_j, std::max(m.depth_j, kUnknownDepth), 0};
}

struct MatchedPair {
  int i = 0, j = 0;
  std::pmr::vector<DepthMatch> matches;
};

// Looks depths up at the matches; drops matches without confidence and pairs without matches. Of a
// pair with more than `max_per_pair` matches (0: no limit), that many are taken at even steps of the
// list: neighbouring matches share most of their error, so thinning them costs little accuracy. Matches lie
// in `memory`, which outlives them.
std::vector<MatchedPair> PackMatches(const Observations& observations,
                                     int max_per_pair,
                                     std::pmr::memory_resource* memory = std::pmr::get_default_resource());
// The same rule: how many of `count` matches are used, and which one is the nth of them.
inline size_t NumUsedMatches(size_t count, int max_per_pair) {
  return max_per_pair > 0 ? std::min(count, static_cast<size_t>(max_per_pair)) : count;
}
inline size_t UsedMatch(size_t n, size_t used, size_t count) { return n * count / used; }

}  // namespace foothold
