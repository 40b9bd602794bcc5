// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/synthetic_chain.h"

#include <optional>

#include "foothold/scene/pair_alignment.h"

namespace foothold::synthetic {

std::vector<Rigid3d> ChainCameras(const Observations& observations, bool rotation_only) {
  const int count = static_cast<int>(observations.keyframes.size());
  std::vector<Similarity3d> first_from_keyframe(count, Similarity3d::Identity());
  for (int k = 0; k + 1 < count; ++k) {
    first_from_keyframe[k + 1] = first_from_keyframe[k];
    for (const KeyframePair& pair : observations.pairs) {
      if (pair.i != k || pair.j != k + 1) continue;
      const std::optional<PairAlignment> alignment = AlignPair(observations, pair, rotation_only);
      if (alignment) first_from_keyframe[k + 1] = first_from_keyframe[k] * alignment->i_from_j;
    }
  }
  std::vector<Rigid3d> world_from_cam;
  for (int k = 0; k < count; ++k) {
    const Rigid3d here{Normalized(first_from_keyframe[k].rotation), first_from_keyframe[k].translation};
    if (k + 1 == count) {
      world_from_cam.push_back(here);
      break;
    }
    const Rigid3d next{Normalized(first_from_keyframe[k + 1].rotation),
                       first_from_keyframe[k + 1].translation};
    const int begin = observations.keyframes[k].frame, end = observations.keyframes[k + 1].frame;
    for (int frame = begin; frame < end; ++frame) {
      world_from_cam.push_back(Interpolate(here, next, static_cast<double>(frame - begin) / (end - begin)));
    }
  }
  return world_from_cam;
}

}  // namespace foothold::synthetic
