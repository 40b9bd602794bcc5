// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/body.h"

namespace foothold {

// The output stage of JOSH as released, for comparison with its results. It *replaces* the per-frame
// bodies by interpolated keyframes; our own output interpolates corrections (interpolation.h), which
// keeps the detail between keyframes.

// One person's bodies in the camera's frame, frame by frame.
struct BodyTrack {
  std::vector<int> frames;  // Of the video, strictly ascending.
  std::vector<BodyPose> bodies;
  std::vector<BodyShape> shapes;
};

// What the optimiser found for one track of a chunk.
struct OptimisedTrack {
  std::vector<int> keyframes;  // Relative to the chunk's first frame, strictly ascending.
  std::vector<BodyPose> bodies;
  BodyShape shape{};
};

struct ChunkSpan {
  int first_frame = 0, num_frames = 0;
};

// The track inside the chunk. Between the first and last keyframe of the track bodies are interpolated
// keyframes; on its other frames the input stays, with z multiplied by `focal_ratio` (new over old).
// Every frame gets the optimised shape.
BodyTrack ReplaceByKeyframes(const BodyTrack& input,
                             const OptimisedTrack& optimised,
                             const ChunkSpan& chunk,
                             double focal_ratio);

// World: the first keyframe's camera. Cameras of all frames from those of the keyframes.
std::vector<Rigid3d> CamerasOfAllFrames(const std::vector<int>& keyframes,
                                        const std::vector<Rigid3d>& keyframe_world_from_cam,
                                        int num_frames);

// Bodies in the world, about the pelvis of the track's mean shape. `world_from_cam` holds one camera
// per frame from `first_frame` on.
std::vector<BodyPose> PlaceInWorld(const BodyModel& model,
                                   const BodyTrack& track,
                                   const std::vector<Rigid3d>& world_from_cam,
                                   int first_frame);

}  // namespace foothold
