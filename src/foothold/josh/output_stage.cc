// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/output_stage.h"

#include <numeric>

#include "foothold/base/error.h"
#include "foothold/josh/interpolation.h"

namespace foothold {

BodyTrack ReplaceByKeyframes(const BodyTrack& input,
                             const OptimisedTrack& optimised,
                             const ChunkSpan& chunk,
                             double focal_ratio) {
  FOOTHOLD_CHECK(!optimised.keyframes.empty(), "a track without keyframe has nothing to interpolate");
  BodyTrack output;
  for (size_t i = 0; i < input.frames.size(); ++i) {
    const int relative = input.frames[i] - chunk.first_frame;
    if (relative < 0 || relative >= chunk.num_frames) continue;
    BodyPose body = input.bodies[i];
    if (relative >= optimised.keyframes.front() && relative <= optimised.keyframes.back()) {
      body = InterpolateBodies(optimised.keyframes, optimised.bodies, {relative}).front();
    } else {
      body.translation_m[2] *= focal_ratio;
    }
    output.frames.push_back(input.frames[i]);
    output.bodies.push_back(body);
    output.shapes.push_back(optimised.shape);
  }
  return output;
}

std::vector<Rigid3d> CamerasOfAllFrames(const std::vector<int>& keyframes,
                                        const std::vector<Rigid3d>& keyframe_world_from_cam,
                                        int num_frames) {
  FOOTHOLD_CHECK(!keyframe_world_from_cam.empty(), "a chunk has keyframes");
  const Rigid3d first_from_world = Inverse(keyframe_world_from_cam.front());
  std::vector<Rigid3d> relative;
  for (const Rigid3d& pose : keyframe_world_from_cam) relative.push_back(first_from_world * pose);
  std::vector<int> frames(num_frames);
  std::iota(frames.begin(), frames.end(), 0);
  return InterpolatePoses(keyframes, relative, frames);
}

std::vector<BodyPose> PlaceInWorld(const BodyModel& model,
                                   const BodyTrack& track,
                                   const std::vector<Rigid3d>& world_from_cam,
                                   int first_frame) {
  BodyShape mean{};
  for (const BodyShape& shape : track.shapes) {
    for (size_t s = 0; s < mean.size(); ++s) mean[s] += shape[s] / static_cast<double>(track.shapes.size());
  }
  const Vec3d pelvis = RestPelvis(model, mean);
  std::vector<BodyPose> bodies;
  for (size_t i = 0; i < track.frames.size(); ++i) {
    const int index = track.frames[i] - first_frame;
    FOOTHOLD_CHECK(index >= 0 && index < static_cast<int>(world_from_cam.size()),
                   "frame " + std::to_string(track.frames[i]) + " has no camera");
    bodies.push_back(TransformBody(world_from_cam[index], track.bodies[i], pelvis));
  }
  return bodies;
}

}  // namespace foothold
