// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/initial_cameras.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "foothold/josh/interpolation.h"
#include "foothold/josh/pose_tree.h"
#include "foothold/scene/pair_alignment.h"

namespace foothold {
namespace {

constexpr double kMaxMedianError = 0.1;
constexpr double kMaxScale = 10;  // Between two keyframes of one network; more is no answer.

bool IsUsable(const Similarity3d& similarity) {
  const double squared = SquaredNorm(similarity.translation);
  return similarity.scale > 1 / kMaxScale && similarity.scale < kMaxScale && std::isfinite(squared) &&
         std::isfinite(similarity.rotation.w);
}

void AddFlagOnce(const std::string& flag, std::vector<std::string>* flags) {
  if (std::find(flags->begin(), flags->end(), flag) == flags->end()) flags->push_back(flag);
}

// Of every keyframe, in the root's camera and unit.
std::vector<Similarity3d> ChainAlongTree(const std::vector<double>& scores, Observations* observations) {
  const int count = static_cast<int>(observations->keyframes.size());
  std::map<std::pair<int, int>, const KeyframePair*> pairs;
  for (const KeyframePair& pair : observations->pairs) pairs[{pair.i, pair.j}] = &pair;
  std::vector<Similarity3d> root_from(count, Similarity3d::Identity());
  for (const auto& [parent, child] : BuildPoseTree(scores, count).edges) {
    root_from[child] = root_from[parent];
    const auto pair = pairs.find({std::min(parent, child), std::max(parent, child)});
    std::optional<PairAlignment> alignment;
    if (pair != pairs.end()) alignment = AlignPair(*observations, *pair->second, false);
    const bool usable = alignment && IsUsable(alignment->i_from_j);
    if (usable) {
      const Similarity3d& i_from_j = alignment->i_from_j;
      root_from[child] = root_from[parent] * (parent < child ? i_from_j : Inverse(i_from_j));
    }
    if (!usable || !(alignment->median_error < kMaxMedianError)) {
      AddFlagOnce("reprojection_high", &observations->flags);
    }
  }
  return root_from;
}

}  // namespace

void PlaceCameras(const std::vector<double>& scores, Observations* observations) {
  const std::vector<Similarity3d> root_from = ChainAlongTree(scores, observations);
  double log_sum = 0;
  for (const Similarity3d& similarity : root_from) log_sum += std::log(similarity.scale);
  const double unit = std::exp(-log_sum / static_cast<double>(root_from.size()));
  const Similarity3d& first = root_from[0];
  std::vector<int> key_frames;
  std::vector<Rigid3d> poses;
  for (size_t k = 0; k < root_from.size(); ++k) {
    Keyframe& keyframe = observations->keyframes[k];
    key_frames.push_back(keyframe.frame);
    const auto scale = static_cast<float>(unit * root_from[k].scale);
    for (float& depth : keyframe.depth_m.data) depth *= scale;
    // The first keyframe's camera is the world.
    const Rigid3d first_camera{first.rotation, unit * first.translation};
    poses.push_back(Inverse(first_camera) * Rigid3d{root_from[k].rotation, unit * root_from[k].translation});
  }
  std::vector<int> frames(static_cast<size_t>(observations->clip.num_frames()));
  std::iota(frames.begin(), frames.end(), 0);
  observations->camera.world_from_cam = InterpolatePoses(key_frames, poses, frames);
}

}  // namespace foothold
