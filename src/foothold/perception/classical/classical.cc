// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/classical.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "foothold/perception/classical/assembly.h"
#include "foothold/perception/classical/pieces.h"

namespace foothold {
namespace {

constexpr double kKeyframePeriodS = 1.0 / 6;

class ClassicalPerception : public Perception {
 public:
  ClassicalPerception(const PerceptionOptions& options, const ClassicalOptions& classical)
      : keyframe_interval_(options.keyframe_interval), options_(classical) {}

  Observations Observe(const Clip& clip, const BodyModel& body, int threads, PhaseTimes* times) override {
    return ObserveClassically(
        clip, body, keyframe_interval_, options_, threads, times, nullptr, journal_, readers_);
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

// Masks of the keyframes; tracks that the masks do not support are dropped.
void MaskEvidence(CameraRegime regime, ClipEvidence* evidence) {
  evidence->masks = MaskPeople(evidence->frames,
                               regime,
                               evidence->keyframes,
                               evidence->options.people,
                               evidence->threads,
                               &evidence->tracks,
                               evidence->times);
  RequirePeople(evidence->tracks);
}

void KeepWhoMoves(const CameraSolution& cameras,
                  Journal* journal,
                  ClipEvidence* evidence,
                  ClassicalFigures* figures) {
  const PhaseTimes::Scope scope(evidence->times, "people_rigid");
  const std::vector<RigidEvidence> rigidity = RememberedPiece(journal, "rigidity", [&] {
    return MeasureRigidity(evidence->frames,
                           evidence->tracks,
                           evidence->keyframes,
                           cameras,
                           evidence->options.features,
                           evidence->options.rigid);
  });
  for (size_t t = 0; t < rigidity.size(); ++t)
    figures->rigidity.emplace_back(evidence->tracks[t].id, rigidity[t]);
  DropRigidTracks(rigidity, evidence->options.rigid, &evidence->tracks);
}

}  // namespace

void ClassicalOptions::BindTo(OptionSet* set) {
  set->Bind(&frames);
  set->Bind(&people);
  set->Bind(&regime);
  set->Bind(&features);
  set->Bind(&calibration);
  set->Bind(&rigid);
  set->Bind(&ground);
  set->Bind(&depth);
  set->Bind(&matches);
  set->Bind(&metrology);
  set->Bind(&initial_body);
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
                                ClassicalFigures* figures,
                                Journal* journal,
                                FrameReaders* readers) {
  cv::setNumThreads(1);  // Some of OpenCV's algorithms change their result with the number of threads.
  ClassicalFigures unused;
  if (figures == nullptr) figures = &unused;
  std::vector<int> keyframes = KeyframesOf(clip, keyframe_interval);
  ClipFrames frames = [&] {
    const PhaseTimes::Scope scope(times, "decode");
    return ClipFrames::Decode(clip, keyframes, options.frames, readers);
  }();
  if (times != nullptr) times->Add("wait_decode", frames.decode_wait_s());

  CameraRegime regime;
  {
    const PhaseTimes::Scope scope(times, "regime");
    const bool still = RememberedPiece(
        journal, "still", [&] { return IsStaticCamera(frames, options.regime, &figures->static_figures); });
    regime = still ? CameraRegime::kStatic : CameraRegime::kParallax;
  }
  std::vector<PersonTrack> tracks = RememberedPiece(journal, "tracks", [&] {
    return TrackPeople(frames, regime, options.people, threads, times, journal);
  });
  if (journal != nullptr) journal->DropUnwritten(kDetectionKey);
  RequirePeople(tracks);
  std::vector<FeatureTrack> features;
  if (regime != CameraRegime::kStatic) {
    const PhaseTimes::Scope scope(times, "features");
    features = RememberedPiece(
        journal, "features", [&] { return TrackFeatures(frames, tracks, keyframes, options.features); });
    regime = RememberedPiece(journal, "regime", [&] {
      return MovingRegime(frames, features, keyframes, options, threads, &figures->moving_figures);
    });
  }
  figures->num_keyframes = static_cast<int>(keyframes.size());
  figures->source_width_px = clip.working_from_source.source_width;
  ClipEvidence evidence{clip,
                        body,
                        options,
                        threads,
                        times,
                        std::move(frames),
                        std::move(keyframes),
                        tracks,
                        {},
                        std::move(features)};
  Observations observations;
  if (regime == CameraRegime::kParallax) {
    try {
      const CameraSolution cameras =
          RememberedPiece(journal, "cameras", [&] { return SolveMovingView(evidence); });
      KeepWhoMoves(cameras, journal, &evidence, figures);
      MaskEvidence(regime, &evidence);
      observations = ObserveMovingView(evidence, cameras, figures);
    } catch (const Error& error) {
      if (!FailedForLackOfParallax(error)) throw;
      LogInfo(std::string(error.what()) + "; treated as a rotating camera");
      regime = CameraRegime::kRotation;
      evidence.tracks = std::move(tracks);
      AddFlag(error.reason(), &observations.flags);
    }
  }
  if (regime != CameraRegime::kParallax) {
    MaskEvidence(regime, &evidence);
    const std::vector<std::string> flags = std::move(observations.flags);
    observations = ObserveFixedView(evidence, regime, figures);
    for (const std::string& flag : flags) AddFlag(flag, &observations.flags);
  }
  figures->regime = regime;
  if (observations.people.empty()) RequirePeople({});
  observations.source = "classical 1";
  CheckObservations(observations, "perception classical");
  return observations;
}

}  // namespace foothold
