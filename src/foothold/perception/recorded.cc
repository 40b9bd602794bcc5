// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/recorded.h"

#include <cmath>
#include <filesystem>

#include "foothold/base/error.h"
#include "labels/observation_file.h"

namespace foothold {

namespace {

Error Mismatch(const std::string& origin, const std::string& what) {
  return Error(ErrorKind::kBadInput, origin + ": " + what).WithReason("observations_mismatch");
}

// Up to a constant: the file may count from another start.
void RequireSameTimes(const Clip& recorded, const Clip& clip, const std::string& origin) {
  const double limit_s = 0.5 / clip.frame_rate_hz;
  for (size_t t = 0; t < clip.time_s.size(); ++t) {
    const double difference_s = (recorded.time_s[t] - recorded.time_s[0]) - (clip.time_s[t] - clip.time_s[0]);
    if (!(std::abs(difference_s) <= limit_s)) {
      throw Mismatch(origin,
                     "clip/time_s: frame " + std::to_string(t) + " is " + std::to_string(difference_s) +
                         " s from the video's; the observations belong to another video or frame rate");
    }
  }
}

class RecordedPerception : public Perception {
 public:
  Observations Observe(const Clip& clip, const BodyModel& body, int, PhaseTimes* times) override {
    const PhaseTimes::Scope scope(times, "read_observations");
    const std::string path = ObservationPath(clip);
    if (!std::filesystem::exists(path)) {
      throw Error(ErrorKind::kBadInput,
                  path +
                      ": missing; perception 'recorded' reads a clip's observations from this file "
                      "(docs/observations.md); write it, or use --perception classical")
          .WithReason("observations_missing");
    }
    Observations observations = labels::ReadObservations(path);
    RequireFit(observations, clip, body, path);
    // The working image is the file's choice.
    const ImageTransform working_from_source = observations.clip.working_from_source;
    observations.clip = clip;
    observations.clip.working_from_source = working_from_source;
    observations.source = "recorded" + (observations.source.empty() ? "" : ": " + observations.source);
    return observations;
  }
};

}  // namespace

std::string ObservationPath(const Clip& clip) {
  return (std::filesystem::path(clip.source_path).parent_path() / (clip.name + ".observations.h5")).string();
}

void RequireFit(const Observations& observations,
                const Clip& clip,
                const BodyModel& body,
                const std::string& origin) {
  const Clip& recorded = observations.clip;
  if (!recorded.source_hash.empty() && !clip.source_hash.empty() &&
      recorded.source_hash != clip.source_hash) {
    throw Mismatch(origin,
                   "clip/source_hash is " + recorded.source_hash + ", the video's is " + clip.source_hash +
                       "; record observations of this very file, or leave source_hash out");
  }
  if (recorded.num_frames() != clip.num_frames()) {
    throw Mismatch(origin,
                   "has " + std::to_string(recorded.num_frames()) + " frames, the clip has " +
                       std::to_string(clip.num_frames()) + " (from frame " +
                       std::to_string(clip.first_frame) + " of " + clip.source_path +
                       "); label the same range of frames that was recorded");
  }
  const ImageTransform &image = recorded.working_from_source, &video = clip.working_from_source;
  if (image.source_width != video.source_width || image.source_height != video.source_height) {
    throw Mismatch(origin,
                   "clip/source_size_px is " + std::to_string(image.source_width) + " x " +
                       std::to_string(image.source_height) + ", the video has " +
                       std::to_string(video.source_width) + " x " + std::to_string(video.source_height) +
                       " after rotation");
  }
  RequireSameTimes(recorded, clip, origin);
  for (const PersonObservations& person : observations.people) {
    for (const Contact& contact : person.contacts) {
      if (contact.vertex >= body.num_vertices) {
        throw Mismatch(origin,
                       "person " + std::to_string(person.id) + ": contact vertex " +
                           std::to_string(contact.vertex) + " is beyond the body model's " +
                           std::to_string(body.num_vertices) + " vertices; use the same body model");
      }
    }
  }
}

std::unique_ptr<Perception> MakeRecordedPerception() { return std::make_unique<RecordedPerception>(); }

}  // namespace foothold
