// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/reciprocal_matching.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "foothold/base/error.h"

namespace foothold {
namespace {

// Index of the pixel of `map` whose descriptor is most similar to `descriptor`.
int MostSimilar(const ImageF& map, const float* descriptor) {
  int best = 0;
  double best_similarity = -std::numeric_limits<double>::infinity();
  const int count = map.width * map.height;
  const float* candidate = map.data.data();
  for (int i = 0; i < count; ++i, candidate += map.channels) {
    double similarity = 0;
    for (int c = 0; c < map.channels; ++c) similarity += static_cast<double>(candidate[c]) * descriptor[c];
    if (similarity > best_similarity) {
      best_similarity = similarity;
      best = i;
    }
  }
  return best;
}

const float* DescriptorAt(const ImageF& map, int index) {
  return &map.data[static_cast<size_t>(index) * map.channels];
}

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
  std::vector<std::pair<int, int>> pairs;
  for (int y = options.stride_px / 2; y < seeded_map.height; y += options.stride_px) {
    for (int x = options.stride_px / 2; x < seeded_map.width; x += options.stride_px) {
      int a = y * seeded_map.width + x, b = -1;
      for (int round = 0; round < options.max_rounds; ++round) {
        const int next_b = MostSimilar(other_map, DescriptorAt(seeded_map, a));
        const bool b_settled = next_b == b;
        b = next_b;
        const int next_a = b_settled ? a : MostSimilar(seeded_map, DescriptorAt(other_map, b));
        const bool settled = b_settled || next_a == a;
        a = next_a;
        if (settled) {
          pairs.emplace_back(a, b);
          break;
        }
      }
    }
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
