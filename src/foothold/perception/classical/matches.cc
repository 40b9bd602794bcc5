// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/matches.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/depth.h"

namespace foothold {
namespace {

// Follows the flows from keyframe `from` to `to` (to < from: backwards); false when it leaves the image.
bool Follow(const std::vector<ImageF>& forward_flow,
            const std::vector<ImageF>& backward_flow,
            int from,
            int to,
            Vec2d* position) {
  for (int k = from; k != to; k += to > from ? 1 : -1) {
    Vec2d step;
    const ImageF& flow = to > from ? forward_flow[k] : backward_flow[k - 1];
    if (!SampleFlow(flow, (*position)[0], (*position)[1], &step)) return false;
    *position = *position + step;
  }
  return true;
}

}  // namespace

double EpipolarDistance(const Rigid3d& j_from_i,
                        const Pinholed& pinhole,
                        const Vec2d& in_i,
                        const Vec2d& in_j) {
  const Vec3d p = Unproject(pinhole, in_i), q = Unproject(pinhole, in_j);
  const Mat3d essential = Skew(j_from_i.translation) * MatrixFromQuaternion(j_from_i.rotation);
  const Vec3d line_j = essential * p, line_i = Transposed(essential) * q;
  const double slope2 =
      line_j[0] * line_j[0] + line_j[1] * line_j[1] + line_i[0] * line_i[0] + line_i[1] * line_i[1];
  if (!(slope2 > 1e-24)) return 0;  // No baseline: every match agrees.
  return pinhole.focal_px * std::abs(Dot(q, line_j)) / std::sqrt(slope2);
}

std::vector<KeyframePair> MatchKeyframes(const std::vector<KeyframeImages>& keyframes,
                                         const std::vector<ImageF>& forward_flow,
                                         const std::vector<ImageF>& backward_flow,
                                         const std::vector<Rigid3d>& world_from_cam,
                                         const Pinholed& pinhole,
                                         const MatchOptions& options,
                                         int threads) {
  const int count = static_cast<int>(keyframes.size());
  std::vector<std::vector<KeyframePair>> by_first(count);
  ParallelFor(count, threads, [&](int i) {
    const int last = std::min(count - 1, i + options.window);
    std::vector<KeyframePair>& pairs = by_first[i];
    for (int j = i + 1; j <= last; ++j) pairs.push_back({i, j, {}});
    const ImageU8& exclude_i = keyframes[i].exclude;
    for (int y = options.seed_stride_px / 2; y < exclude_i.height; y += options.seed_stride_px) {
      for (int x = options.seed_stride_px / 2; x < exclude_i.width; x += options.seed_stride_px) {
        if (exclude_i.At(x, y) != 0) continue;
        const Vec2d seed{static_cast<double>(x), static_cast<double>(y)};
        Vec2d position = seed;
        for (int j = i + 1; j <= last; ++j) {
          if (!Follow(forward_flow, backward_flow, j - 1, j, &position)) break;
          const int tx = static_cast<int>(std::lround(position[0]));
          const int ty = static_cast<int>(std::lround(position[1]));
          if (!exclude_i.Contains(tx, ty) || keyframes[j].exclude.At(tx, ty) != 0) continue;
          Vec2d back = position;
          if (!Follow(forward_flow, backward_flow, j, i, &back)) continue;
          const double forward_backward = Norm(back - seed);
          if (!(forward_backward < options.max_forward_backward_px)) continue;
          const Rigid3d j_from_i = Inverse(world_from_cam[j]) * world_from_cam[i];
          const double epipolar = EpipolarDistance(j_from_i, pinhole, seed, position);
          const double confidence =
              std::exp(-0.5 * (forward_backward * forward_backward + epipolar * epipolar));
          if (!(confidence >= options.min_confidence)) continue;
          pairs[j - i - 1].matches.push_back({static_cast<float>(seed[0]),
                                              static_cast<float>(seed[1]),
                                              static_cast<float>(position[0]),
                                              static_cast<float>(position[1]),
                                              static_cast<float>(confidence)});
        }
      }
    }
  });
  std::vector<KeyframePair> pairs;
  for (std::vector<KeyframePair>& of_first : by_first) {
    for (KeyframePair& pair : of_first) {
      if (!pair.matches.empty()) pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

const OptionTable& MatchOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<MatchOptions>("classical_matches", "Correspondences between keyframes (classical perception).")
          .Add("window", &MatchOptions::window, 1, 100, "Keyframes that a pair may reach over.")
          .Add("seed_stride_px", &MatchOptions::seed_stride_px, 1, 64, "Distance of the grid of seeds.")
          .Add("max_forward_backward_px",
               &MatchOptions::max_forward_backward_px,
               0.01,
               10,
               "Largest error of a match carried there and back.")
          .Add("min_confidence", &MatchOptions::min_confidence, 0, 1, "Matches below are left out.")
          .Build();
  return table;
}

}  // namespace foothold
