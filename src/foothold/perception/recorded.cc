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

std::string FormatSize(int width, int height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

void RequireSameImage(const ImageTransform& recorded, const ImageTransform& clip, const std::string& origin) {
  constexpr double kTolerance_px = 1e-3;
  const auto differ = [](double a, double b, double limit) { return !(std::abs(a - b) <= limit); };
  if (recorded.source_width != clip.source_width || recorded.source_height != clip.source_height) {
    throw Mismatch(origin,
                   "clip/source_size_px is " + FormatSize(recorded.source_width, recorded.source_height) +
                       ", the video has " + FormatSize(clip.source_width, clip.source_height));
  }
  if (recorded.width != clip.width || recorded.height != clip.height) {
    throw Mismatch(origin,
                   "clip/working_size_px is " + FormatSize(recorded.width, recorded.height) + ", expected " +
                       FormatSize(clip.width, clip.height) +
                       "; set video.working_long_edge_px and video.working_fit as they were when recording");
  }
  if (differ(recorded.scale_x * clip.source_width, clip.scale_x * clip.source_width, kTolerance_px) ||
      differ(recorded.scale_y * clip.source_height, clip.scale_y * clip.source_height, kTolerance_px) ||
      differ(recorded.offset_x_px, clip.offset_x_px, kTolerance_px) ||
      differ(recorded.offset_y_px, clip.offset_y_px, kTolerance_px)) {
    throw Mismatch(origin,
                   "clip/working_from_source_scale and _offset_px differ from this run's; set "
                   "video.working_long_edge_px and video.working_fit as they were when recording");
  }
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
    observations.clip = clip;
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
  RequireSameImage(recorded.working_from_source, clip.working_from_source, origin);
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
