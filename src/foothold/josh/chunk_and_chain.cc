// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/chunk_and_chain.h"

#include <algorithm>
#include <map>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/josh/aggregate.h"

namespace foothold {
namespace {

int KeyframeAt(const Observations& observations, int frame) {
  const auto found =
      std::lower_bound(observations.keyframes.begin(),
                       observations.keyframes.end(),
                       frame,
                       [](const Keyframe& keyframe, int wanted) { return keyframe.frame < wanted; });
  FOOTHOLD_CHECK(found != observations.keyframes.end() && found->frame == frame,
                 "a chunk starts and ends on keyframes");
  return static_cast<int>(found - observations.keyframes.begin());
}

PersonObservations SlicePerson(
    const PersonObservations& person, int first_frame, int num_frames, int first_key, int last_key) {
  PersonObservations slice;
  slice.id = person.id;
  slice.shape = person.shape;
  slice.flags = person.flags;
  for (const PersonFrame& entry : person.frames) {
    if (entry.frame < first_frame || entry.frame >= first_frame + num_frames) continue;
    slice.frames.push_back(entry);
    slice.frames.back().frame -= first_frame;
  }
  for (const Contact& contact : person.contacts) {
    if (contact.keyframe < first_key || contact.keyframe > last_key) continue;
    slice.contacts.push_back(contact);
    slice.contacts.back().keyframe -= first_key;
  }
  return slice;
}

using JointsByFrame = std::map<int, std::array<Vec3d, kNumJoints>>;

void PlaceJoints(const Reconstruction& chunk,
                 int first_frame,
                 const Rigid3d& world_from_chunk,
                 std::map<int, JointsByFrame>* people) {
  for (const PersonInWorld& person : chunk.people) {
    for (size_t i = 0; i < person.frames.size(); ++i) {
      std::array<Vec3d, kNumJoints> joints = person.joints_in_world[i];
      for (Vec3d& joint : joints) joint = world_from_chunk * joint;
      (*people)[person.id][first_frame + person.frames[i]] = joints;
    }
  }
}

}  // namespace

Observations SliceObservations(const Observations& observations, int first_frame, int num_frames) {
  const int first_key = KeyframeAt(observations, first_frame);
  const int last_key = KeyframeAt(observations, first_frame + num_frames - 1);
  Observations slice;
  slice.clip = observations.clip;
  const auto times = observations.clip.time_s.begin() + first_frame;
  slice.clip.time_s.assign(times, times + num_frames);
  slice.clip.first_frame += first_frame;
  slice.camera = observations.camera;
  const auto cameras = observations.camera.world_from_cam.begin() + first_frame;
  slice.camera.world_from_cam.assign(cameras, cameras + num_frames);
  slice.ground = observations.ground;
  slice.flags = observations.flags;
  slice.source = observations.source;
  for (int k = first_key; k <= last_key; ++k) {
    slice.keyframes.push_back(observations.keyframes[k]);
    slice.keyframes.back().frame -= first_frame;
  }
  for (const KeyframePair& pair : observations.pairs) {
    if (pair.i < first_key || pair.j > last_key) continue;
    slice.pairs.push_back(pair);
    slice.pairs.back().i -= first_key;
    slice.pairs.back().j -= first_key;
  }
  for (const PersonObservations& person : observations.people) {
    PersonObservations own = SlicePerson(person, first_frame, num_frames, first_key, last_key);
    if (!own.frames.empty()) slice.people.push_back(std::move(own));
  }
  return slice;
}

ChainedClip OptimizeInChunks(const Observations& observations,
                             const BodyModel& body,
                             const JoshOptions& options,
                             const ScheduleOptions& schedule,
                             int threads) {
  std::vector<ChunkResult> chunks;
  std::map<int, JointsByFrame> people;
  Rigid3d world_from_chunk = Rigid3d::Identity();
  for (const Chunk& chunk : MakeChunks(observations.clip.num_frames(), schedule)) {
    const Observations slice = SliceObservations(observations, chunk.first_frame, chunk.num_frames);
    const Reconstruction solved = OptimizeJointly(slice, body, options, threads).reconstruction;
    const Rigid3d chunk_from_world = Inverse(solved.world_from_cam.front());
    ChunkResult result;  // Without depth: its points are of no interest here.
    result.first_frame = chunk.first_frame;
    result.pinhole = solved.pinhole;
    for (const Rigid3d& camera : solved.world_from_cam) {
      result.world_from_cam.push_back(chunk_from_world * camera);
    }
    PlaceJoints(solved, chunk.first_frame, world_from_chunk * chunk_from_world, &people);
    world_from_chunk = world_from_chunk * result.world_from_cam.back();
    chunks.push_back(std::move(result));
  }
  ChainedVideo video = ChainChunks(chunks);
  ChainedClip clip;
  clip.pinhole = video.pinhole;
  clip.world_from_cam = std::move(video.world_from_cam);
  clip.num_chunks = static_cast<int>(chunks.size());
  for (const auto& [id, joints] : people) {
    ChainedPerson person;
    person.id = id;
    for (const auto& [frame, at_frame] : joints) {
      person.frames.push_back(frame);
      person.joints_in_world.push_back(at_frame);
    }
    clip.people.push_back(std::move(person));
  }
  return clip;
}

}  // namespace foothold
