// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/josh/output_stage.h"
#include "foothold/scene/image.h"

namespace foothold {

// Chunks of one video, each solved on its own, chained as JOSH's release does: without reconciling
// scale or shape. Neighbouring chunks share one frame.

struct ChunkResult {
  int first_frame = 0;  // Of the video.
  Pinholed pinhole{0, 0, 0};
  std::vector<Rigid3d> world_from_cam;  // One per frame; the world is the chunk's first camera.
  struct Keyframe {
    int frame = 0;  // Relative to the chunk.
    ImageF depth_m, confidence;
    ImageF color;  // RGB, 0..1, three channels.
  };
  std::vector<Keyframe> keyframes;
};

struct ChainedVideo {
  Pinholed pinhole{0, 0, 0};                   // Mean over chunks.
  std::vector<Rigid3d> world_from_cam;         // One per frame of the video.
  std::vector<int> keyframes;                  // Frames with depth.
  std::vector<Vec3d> points_m;                 // One per voxel: mean of its points, ascending x, y, z.
  std::vector<std::array<uint8_t, 3>> colors;  // Mean colour of the voxel, rounded half to even.
};

// On the shared frame the earlier chunk's camera and keyframe stay. Points: confidence > 0.1 and depth
// > 0, through the mean intrinsics. Chunks ascend; each starts on the last frame of the one before.
ChainedVideo ChainChunks(const std::vector<ChunkResult>& chunks, double voxel_m = 0.01);

// One person over all chunks: `whole` with the bodies of every chunk's track put in; on a shared frame
// the *later* chunk's body wins.
BodyTrack ChainTracks(const BodyTrack& whole, const std::vector<BodyTrack>& tracks_of_chunks);

}  // namespace foothold
