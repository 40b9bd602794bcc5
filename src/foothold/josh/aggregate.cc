// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/aggregate.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/scene/voxel_grid.h"

namespace foothold {
namespace {

constexpr float kMinConfidence = 0.1f;

struct ColoredCloud {
  std::vector<Vec3d> points, colors;
};

void AddKeyframe(const ChunkResult::Keyframe& keyframe,
                 const Pinholed& pinhole,
                 const Rigid3d& world_from_cam,
                 ColoredCloud* cloud) {
  const ImageF& depth = keyframe.depth_m;
  FOOTHOLD_CHECK(keyframe.confidence.data.size() == depth.data.size() &&
                     keyframe.color.data.size() == 3 * depth.data.size(),
                 "depth, confidence and colour differ in size");
  for (int y = 0; y < depth.height; ++y) {
    for (int x = 0; x < depth.width; ++x) {
      const double z = depth.At(x, y);
      if (!(keyframe.confidence.At(x, y) > kMinConfidence && z > 0)) continue;
      const Vec2d pixel{static_cast<double>(x), static_cast<double>(y)};
      cloud->points.push_back(world_from_cam * (z * Unproject(pinhole, pixel)));
      cloud->colors.push_back(
          {keyframe.color.At(x, y, 0), keyframe.color.At(x, y, 1), keyframe.color.At(x, y, 2)});
    }
  }
}

void AddVoxels(const ColoredCloud& cloud, double voxel_m, ChainedVideo* video) {
  const VoxelAssignment voxels = AssignVoxels(cloud.points, voxel_m);
  video->points_m = voxels.centroids;
  std::vector<Vec3d> sums(voxels.centroids.size(), Vec3d::Zero());
  std::vector<int> counts(voxels.centroids.size(), 0);
  for (size_t i = 0; i < cloud.colors.size(); ++i) {
    sums[voxels.voxel[i]] = sums[voxels.voxel[i]] + cloud.colors[i];
    ++counts[voxels.voxel[i]];
  }
  for (size_t v = 0; v < sums.size(); ++v) {
    std::array<uint8_t, 3> color;
    for (int c = 0; c < 3; ++c) {
      const double mean = std::nearbyint(255 * sums[v][c] / counts[v]);
      color[static_cast<size_t>(c)] = static_cast<uint8_t>(std::clamp(mean, 0.0, 255.0));
    }
    video->colors.push_back(color);
  }
}

}  // namespace

ChainedVideo ChainChunks(const std::vector<ChunkResult>& chunks, double voxel_m) {
  FOOTHOLD_CHECK(!chunks.empty(), "a video has at least one chunk");
  ChainedVideo video;
  for (const ChunkResult& chunk : chunks) {
    const double share = 1.0 / static_cast<double>(chunks.size());
    video.pinhole.focal_px += share * chunk.pinhole.focal_px;
    video.pinhole.center_x_px += share * chunk.pinhole.center_x_px;
    video.pinhole.center_y_px += share * chunk.pinhole.center_y_px;
  }
  ColoredCloud cloud;
  for (const ChunkResult& chunk : chunks) {
    const bool is_first = video.world_from_cam.empty();
    const int shared = is_first ? 0 : 1;
    FOOTHOLD_CHECK(chunk.first_frame + shared == static_cast<int>(video.world_from_cam.size()),
                   "chunk at frame " + std::to_string(chunk.first_frame) +
                       " does not start on the last frame of the one before");
    const Rigid3d world_from_chunk = is_first ? Rigid3d::Identity() : video.world_from_cam.back();
    for (size_t f = static_cast<size_t>(shared); f < chunk.world_from_cam.size(); ++f) {
      video.world_from_cam.push_back(world_from_chunk * chunk.world_from_cam[f]);
    }
    for (const ChunkResult::Keyframe& keyframe : chunk.keyframes) {
      if (keyframe.frame < shared) continue;
      const int frame = chunk.first_frame + keyframe.frame;
      video.keyframes.push_back(frame);
      AddKeyframe(keyframe, video.pinhole, video.world_from_cam.at(static_cast<size_t>(frame)), &cloud);
    }
  }
  AddVoxels(cloud, voxel_m, &video);
  return video;
}

BodyTrack ChainTracks(const BodyTrack& whole, const std::vector<BodyTrack>& tracks_of_chunks) {
  BodyTrack chained = whole;
  for (const BodyTrack& track : tracks_of_chunks) {
    for (size_t i = 0; i < track.frames.size(); ++i) {
      const auto found = std::lower_bound(chained.frames.begin(), chained.frames.end(), track.frames[i]);
      FOOTHOLD_CHECK(found != chained.frames.end() && *found == track.frames[i],
                     "frame " + std::to_string(track.frames[i]) + " is not part of the track");
      const size_t entry = static_cast<size_t>(found - chained.frames.begin());
      chained.bodies[entry] = track.bodies[i];
      chained.shapes[entry] = track.shapes[i];
    }
  }
  return chained;
}

}  // namespace foothold
