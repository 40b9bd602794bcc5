// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/matches.h"

#include <cmath>

namespace foothold {
namespace {

struct DepthSample {
  float depth = 0;
  float confidence = 0;
};

// Bilinear where the four neighbours belong to one surface, else the nearest pixel: interpolating
// over an edge would make a point that is nowhere.
DepthSample SampleDepth(const Keyframe& keyframe, float x, float y) {
  const ImageF& depth = keyframe.depth_m;
  const int x_near = static_cast<int>(std::lround(x)), y_near = static_cast<int>(std::lround(y));
  if (!depth.Contains(x_near, y_near)) return {};
  const float nearest = depth.At(x_near, y_near);
  if (!(nearest > 0)) return {};
  DepthSample sample{nearest, keyframe.confidence.At(x_near, y_near)};
  const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
  if (!depth.Contains(x0, y0) || !depth.Contains(x0 + 1, y0 + 1)) return sample;
  const float u = x - x0, v = y - y0;
  float inverse = 0;
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const float d = depth.At(x0 + dx, y0 + dy);
      if (!(std::abs(d - nearest) < 0.03f * nearest)) return sample;
      // Inverse depth is linear in the image on a plane.
      inverse += (dx ? u : 1 - u) * (dy ? v : 1 - v) / d;
    }
  }
  sample.depth = 1 / inverse;
  return sample;
}

}  // namespace

std::vector<MatchedPair> PackMatches(const Observations& observations,
                                     int max_per_pair,
                                     std::pmr::memory_resource* memory) {
  const auto center_x = static_cast<float>(observations.camera.pinhole.center_x_px);
  const auto center_y = static_cast<float>(observations.camera.pinhole.center_y_px);
  std::vector<MatchedPair> packed;
  std::vector<DepthMatch> usable;
  for (const KeyframePair& pair : observations.pairs) {
    usable.clear();
    for (const PixelMatch& match : pair.matches) {
      if (!(match.confidence > 0)) continue;
      const DepthSample i = SampleDepth(observations.keyframes[pair.i], match.x_i, match.y_i);
      const DepthSample j = SampleDepth(observations.keyframes[pair.j], match.x_j, match.y_j);
      const DepthMatch out{match.x_i - center_x,
                           match.y_i - center_y,
                           i.depth,
                           match.x_j - center_x,
                           match.y_j - center_y,
                           j.depth,
                           match.confidence * i.confidence,
                           match.confidence * j.confidence};
      if (out.weight_i > 0 || out.weight_j > 0) usable.push_back(out);
    }
    if (usable.empty()) continue;
    MatchedPair matched{pair.i, pair.j, std::pmr::vector<DepthMatch>(memory)};
    const size_t used = NumUsedMatches(usable.size(), max_per_pair);
    matched.matches.reserve(used);
    for (size_t n = 0; n < used; ++n) matched.matches.push_back(usable[UsedMatch(n, used, usable.size())]);
    packed.push_back(std::move(matched));
  }
  return packed;
}

}  // namespace foothold
