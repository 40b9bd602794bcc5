// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/reciprocal_matching.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/perception/most_similar.h"

namespace foothold {
namespace {

// A walk from a seed on the seeded map to the other one and back.
struct Walk {
  int a = 0, b = -1;
};

void AddMatches(const DecodedPair& decoded,
                const std::vector<std::pair<int, int>>& pairs,
                bool seeded_on_b,
                std::map<std::pair<int, int>, float>* merged) {
  for (const auto& [seeded, other] : pairs) {
    const int a = seeded_on_b ? other : seeded;
    const int b = seeded_on_b ? seeded : other;
    const double product = static_cast<double>(decoded.confidence_a->data[a]) * decoded.confidence_b->data[b];
    merged->try_emplace({a, b}, static_cast<float>(std::sqrt(std::max(0.0, product))));
  }
}

}  // namespace

std::vector<std::pair<int, int>> FindReciprocalNeighbours(const ImageF& seeded_map,
                                                          const ImageF& other_map,
                                                          const ReciprocalOptions& options) {
  FOOTHOLD_CHECK(!seeded_map.empty() && !other_map.empty() && seeded_map.channels == other_map.channels,
                 "descriptor maps differ in channels or are empty");
  FOOTHOLD_CHECK(options.stride_px > 0, "stride");
  std::vector<Walk> walks;
  for (int y = options.stride_px / 2; y < seeded_map.height; y += options.stride_px) {
    for (int x = options.stride_px / 2; x < seeded_map.width; x += options.stride_px) {
      walks.push_back({y * seeded_map.width + x, -1});
    }
  }
  std::vector<size_t> active(walks.size());
  std::iota(active.begin(), active.end(), size_t{0});
  std::vector<std::pair<int, int>> pairs;
  // One step of all active walks from `from` to `to`; those that stay where they were have settled.
  const auto step = [&](const ImageF& map, const ImageF& queries_map, int Walk::*from, int Walk::*to) {
    std::vector<int> queries;
    for (const size_t w : active) queries.push_back(walks[w].*from);
    const std::vector<int> found = MostSimilarPixels(map, queries_map, queries, options.threads);
    std::vector<size_t> moving;
    for (size_t i = 0; i < active.size(); ++i) {
      Walk& walk = walks[active[i]];
      if (std::exchange(walk.*to, found[i]) != found[i]) {
        moving.push_back(active[i]);
      } else {
        pairs.emplace_back(walk.a, walk.b);
      }
    }
    active = std::move(moving);
  };
  for (int round = 0; round < options.max_rounds && !active.empty(); ++round) {
    step(other_map, seeded_map, &Walk::a, &Walk::b);
    step(seeded_map, other_map, &Walk::b, &Walk::a);
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

PairMatches MatchImagePair(const DecodedPair& decoded_12,
                           const DecodedPair& decoded_21,
                           const ReciprocalOptions& options) {
  std::map<std::pair<int, int>, float> merged;
  for (const DecodedPair* decoded : {&decoded_12, &decoded_21}) {
    const ImageF& a = *decoded->descriptors_a;
    const ImageF& b = *decoded->descriptors_b;
    AddMatches(*decoded, FindReciprocalNeighbours(a, b, options), false, &merged);
    AddMatches(*decoded, FindReciprocalNeighbours(b, a, options), true, &merged);
  }
  const int width_1 = decoded_12.descriptors_a->width, width_2 = decoded_12.descriptors_b->width;
  PairMatches result;
  for (const auto& [pixels, confidence] : merged) {
    const auto [a, b] = pixels;
    result.matches.push_back({static_cast<float>(a % width_1),
                              static_cast<float>(a / width_1),
                              static_cast<float>(b % width_2),
                              static_cast<float>(b / width_2),
                              confidence});
    if (confidence > 0) ++result.score;
  }
  return result;
}

}  // namespace foothold
