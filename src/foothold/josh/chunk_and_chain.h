// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "foothold/josh/josh.h"
#include "foothold/josh/schedule.h"

namespace foothold {

// JOSH's release cannot see a whole video: it solves chunks that share one frame and chains their
// cameras, without reconciling scale or shape. Here with our objective, to show what that costs.
// `OptimizeJointly` solves any length at once.

// The observations of frames first_frame .. first_frame + num_frames - 1 as a clip of their own; the
// first and the last of them are keyframes. Pairs that leave the range are left out.
Observations SliceObservations(const Observations& observations, int first_frame, int num_frames);

struct ChainedPerson {
  int id = 0;
  std::vector<int> frames;
  std::vector<std::array<Vec3d, kNumJoints>> joints_in_world;  // One set per entry of frames.
};
struct ChainedClip {
  Pinholed pinhole{0, 0, 0};  // Mean over chunks.
  std::vector<Rigid3d> world_from_cam;
  std::vector<ChainedPerson> people;
  int num_chunks = 0;
};
// On a shared frame the earlier chunk's camera and the later chunk's bodies stay, as in the release.
ChainedClip OptimizeInChunks(const Observations& observations,
                             const BodyModel& body,
                             const JoshOptions& options,
                             const ScheduleOptions& schedule,
                             int threads);

}  // namespace foothold
