// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/classical.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/perception/classical/assembly.h"

namespace foothold {
namespace {

constexpr double kKeyframePeriodS = 1.0 / 6;

class ClassicalPerception : public Perception {
 public:
  ClassicalPerception(const PerceptionOptions& options, const ClassicalOptions& classical)
      : keyframe_interval_(options.keyframe_interval), options_(classical) {}

  Observations Observe(const Clip& clip, const BodyModel& body, int threads, PhaseTimes* times) override {
    return ObserveClassically(clip, body, keyframe_interval_, options_, threads, times, nullptr);
  }

 private:
  int keyframe_interval_;
  ClassicalOptions options_;
};

void RequirePeople(const std::vector<PersonTrack>& tracks) {
  if (!tracks.empty()) return;
  throw Error(ErrorKind::kBadInput, "no_people: nobody large enough and upright was found in the clip")
      .WithReason("no_people");
}

}  // namespace

void ClassicalOptions::BindTo(OptionSet* set) {
  set->Bind(&frames);
  set->Bind(&people);
  set->Bind(&regime);
  set->Bind(&features);
  set->Bind(&calibration);
  set->Bind(&ground);
  set->Bind(&depth);
  set->Bind(&matches);
  set->Bind(&metrology);
  set->Bind(&initial_body);
}

std::unique_ptr<Perception> MakeClassicalPerception(const PerceptionOptions& options) {
  return MakeClassicalPerception(options, ClassicalOptions());
}

std::unique_ptr<Perception> MakeClassicalPerception(const PerceptionOptions& options,
                                                    const ClassicalOptions& classical) {
  return std::make_unique<ClassicalPerception>(options, classical);
}

std::vector<int> KeyframesOf(const Clip& clip, int interval) {
  const int count = clip.num_frames();
  FOOTHOLD_CHECK(count > 0, "a clip has frames");
  if (interval <= 0)
    interval = std::max(1, static_cast<int>(std::lround(kKeyframePeriodS * clip.frame_rate_hz)));
  std::vector<int> keyframes;
  for (int frame = 0; frame < count; frame += interval) keyframes.push_back(frame);
  if (keyframes.back() != count - 1) keyframes.push_back(count - 1);
  return keyframes;
}

Observations ObserveClassically(const Clip& clip,
                                const BodyModel& body,
                                int keyframe_interval,
                                const ClassicalOptions& options,
                                int threads,
                                PhaseTimes* times,
                                ClassicalFigures* figures) {
  cv::setNumThreads(1);  // Some of OpenCV's algorithms change their result with the number of threads.
  ClassicalFigures unused;
  if (figures == nullptr) figures = &unused;
  std::vector<int> keyframes = KeyframesOf(clip, keyframe_interval);
  ClipFrames frames = [&] {
    const PhaseTimes::Scope scope(times, "decode");
    return ClipFrames::Decode(clip, keyframes, options.frames);
  }();

  CameraRegime regime;
  {
    const PhaseTimes::Scope scope(times, "regime");
    const bool still = IsStaticCamera(frames, options.regime, &figures->static_figures);
    regime = still ? CameraRegime::kStatic : CameraRegime::kParallax;
  }
  std::vector<PersonTrack> tracks = TrackPeople(frames, regime, options.people, threads, times);
  RequirePeople(tracks);
  std::vector<FeatureTrack> features;
  if (regime != CameraRegime::kStatic) {
    const PhaseTimes::Scope scope(times, "features");
    features = TrackFeatures(frames, tracks, keyframes, options.features);
    regime = ClassifyMovingCamera(features, keyframes, clip.time_s, options.regime, &figures->moving_figures);
  }
  PersonMasks masks = MaskPeople(frames, regime, keyframes, options.people, threads, &tracks, times);
  RequirePeople(tracks);

  const ClipEvidence evidence{clip,
                              body,
                              options,
                              threads,
                              times,
                              std::move(frames),
                              std::move(keyframes),
                              std::move(tracks),
                              std::move(masks),
                              std::move(features)};
  figures->regime = regime;
  figures->num_keyframes = static_cast<int>(evidence.keyframes.size());
  figures->source_width_px = clip.working_from_source.source_width;
  Observations observations = regime == CameraRegime::kParallax ? ObserveMovingView(evidence, figures)
                                                                : ObserveFixedView(evidence, regime, figures);
  if (observations.people.empty()) RequirePeople({});
  observations.source = "classical 1";
  CheckObservations(observations, "perception classical");
  return observations;
}

}  // namespace foothold
