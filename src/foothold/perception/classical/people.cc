// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/people.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/detect.h"
#include "foothold/perception/classical/ground_gate.h"
#include "foothold/perception/classical/track.h"
#include "foothold/perception/classical/track_cuts.h"
#include "foothold/perception/classical/track_filter.h"
#include "foothold/perception/classical/track_senses.h"
#include "foothold/perception/classical/track_smooth.h"

namespace foothold {
namespace {

constexpr double kSmallPerson_px = 64;      // At detection.
constexpr double kClothesRate_hz = 10;      // Samples of a track's clothes per second.
constexpr double kTaken = 0.5;              // Overlap with another track's box.
constexpr double kUnseenConfidence = 0.95;  // Factor per frame since the last detection.

void Gate(const ClipFrames& frames,
          CameraRegime regime,
          const PeopleOptions& options,
          std::vector<FrameDetections>* detections) {
  GroundGateOptions gate_options;
  gate_options.one_horizon = regime == CameraRegime::kStatic;
  gate_options.half_window_frames =
      std::max(1, static_cast<int>(std::lround(options.gate_window_s * frames.clip().frame_rate_hz)));
  const GroundGate gate = FitGroundGate(*detections, gate_options);
  ShrinkSmallest(gate, detections);
  ApplyGroundGate(gate, options.continue_score, options.gate_log_height, detections);
}

std::vector<BoxTrack> Join(const ClipFrames& frames,
                           const PeopleOptions& options,
                           int threads,
                           std::vector<FrameDetections> detections) {
  TrackerInput input;
  input.num_frames = frames.count();
  input.width = frames.width();
  input.height = frames.height();
  input.step =
      detections.size() > 1 ? detections[1].frame - detections[0].frame : std::max(1, frames.count());
  input.appearance.resize(detections.size());
  ParallelFor(static_cast<int>(detections.size()), threads, [&](int entry) {
    if (detections[entry].detections.empty()) return;
    const ImageU8 rgb = frames.Rgb(detections[entry].frame);
    for (const Detection& detection : detections[entry].detections) {
      input.appearance[entry].push_back(TorsoColors(rgb, detection.box));
    }
  });
  input.detections = std::move(detections);
  TorsoFlow flow(frames);
  input.motion = [&flow](int frame, const Box& box) { return flow.Motion(frame - 1, frame, box); };
  return JoinDetections(
      input, {options.start_score, options.continue_score, options.max_coast_frames, options.min_hits});
}

bool IsTaken(const std::vector<BoxTrack>& tracks, int frame, const Box& box) {
  for (const BoxTrack& track : tracks) {
    const int k = frame - track.points.front().frame;
    if (k < 0 || k >= static_cast<int>(track.points.size())) continue;
    if (IntersectionOverUnion(track.points[k].box, box) > kTaken) return true;
  }
  return false;
}

// A track starts at a strong detection; the person was there before. Follows the flow backward as long
// as a track may coast at half, until the flow or the image ends or the place is another's.
void ExtendBackward(const ClipFrames& frames, const PeopleOptions& options, std::vector<BoxTrack>* tracks) {
  TorsoFlow flow(frames);
  for (BoxTrack& track : *tracks) {
    for (int step = 0; step < options.max_coast_frames / 2; ++step) {
      TrackPoint& first = track.points.front();
      if (first.frame == 0) break;
      const std::optional<BoxMotion> motion = flow.Motion(first.frame, first.frame - 1, first.box);
      if (!motion) break;
      BoxFilter filter(first.box);
      filter.Move(*motion);
      const Box box = filter.box();
      if (CentreX(box) < 0 || CentreX(box) > frames.width() ||
          FootY(box) > frames.height() + 0.1 * box.height || IsTaken(*tracks, first.frame - 1, box)) {
        break;
      }
      first.motion = BoxMotion{-motion->dx, -motion->dy, motion->torso_to_foot};
      track.points.insert(track.points.begin(),
                          {first.frame - 1, box, std::nullopt, std::nullopt, first.score});
    }
  }
}

// First points of the pieces behind each identity cut.
std::vector<std::vector<int>> FindIdentityCuts(const ClipFrames& frames,
                                               const std::vector<BoxTrack>& tracks,
                                               double threshold,
                                               int threads) {
  const int stride =
      std::max(1, static_cast<int>(std::lround(frames.clip().frame_rate_hz / kClothesRate_hz)));
  // Frame by frame, so that each is converted to colours once.
  std::vector<std::vector<std::pair<int, int>>> wanted((frames.count() + stride - 1) / stride);
  std::vector<std::vector<std::optional<ClothesBands>>> clothes(tracks.size());
  for (size_t t = 0; t < tracks.size(); ++t) {
    clothes[t].resize(tracks[t].points.size());
    for (size_t k = 0; k < tracks[t].points.size(); ++k) {
      const int frame = tracks[t].points[k].frame;
      if (frame % stride == 0) wanted[frame / stride].emplace_back(t, k);
    }
  }
  ParallelFor(static_cast<int>(wanted.size()), threads, [&](int i) {
    if (wanted[i].empty()) return;
    const ImageU8 rgb = frames.Rgb(i * stride);
    for (const auto& [t, k] : wanted[i]) clothes[t][k] = MeasureClothes(rgb, tracks[t].points[k].box);
  });
  std::vector<std::vector<int>> cuts(tracks.size());
  ParallelFor(static_cast<int>(tracks.size()), threads, [&](int t) {
    std::vector<ClothesBands> samples;
    std::vector<int> point_of_sample;
    for (size_t k = 0; k < clothes[t].size(); ++k) {
      if (!clothes[t][k]) continue;
      samples.push_back(*clothes[t][k]);
      point_of_sample.push_back(static_cast<int>(k));
    }
    for (int sample : IdentityCuts(samples, threshold)) cuts[t].push_back(point_of_sample[sample]);
  });
  return cuts;
}

// Frames to the nearest detection of each point.
std::vector<int> FramesUnseen(const BoxTrack& track, int begin, int end) {
  const int never = end - begin;
  std::vector<int> unseen(end - begin, never);
  for (int k = begin; k < end; ++k) {
    if (track.points[k].detected()) {
      unseen[k - begin] = 0;
    } else if (k > begin) {
      unseen[k - begin] = std::min(never, unseen[k - begin - 1] + 1);
    }
  }
  for (int k = end - 2; k >= begin; --k)
    unseen[k - begin] = std::min(unseen[k - begin], unseen[k - begin + 1] + 1);
  return unseen;
}

// Points [begin, end) of a track as a person; coasting ends at cuts are cut off.
PersonTrack MakePerson(const ClipFrames& frames, const BoxTrack& track, int begin, int end) {
  while (end > begin && !track.points[end - 1].detected()) --end;
  while (begin > 0 && begin < end && !track.points[begin].detected()) ++begin;
  const std::vector<Box> boxes =
      SmoothBoxes({track.points.begin() + begin, track.points.begin() + end}, frames.clip().frame_rate_hz);
  PersonTrack person;
  const std::vector<int> unseen = FramesUnseen(track, begin, end);
  for (int k = begin; k < end; ++k) {
    const TrackPoint& point = track.points[k];
    person.frames.push_back(point.frame);
    person.boxes_px.push_back(frames.SourceFromAnalysis(boxes[k - begin]));
    person.scores.push_back(
        static_cast<float>(point.score / (1 + point.score) * std::pow(kUnseenConfidence, unseen[k - begin])));
    person.detected.push_back(point.detected() ? 1 : 0);
  }
  return person;
}

// Partly outside the image in more than half of the frames.
bool IsTruncated(const PersonTrack& person, const ImageTransform& source) {
  int outside = 0;
  for (const Box& box : person.boxes_px) {
    const double x = CentreX(box);
    if (FootY(box) > source.source_height || box.y < 0 || x < 0.25 * box.width ||
        x > source.source_width - 0.25 * box.width) {
      ++outside;
    }
  }
  return 2 * outside > static_cast<int>(person.boxes_px.size());
}

double MedianHeight(const PersonTrack& person) {
  std::vector<float> heights;
  for (const Box& box : person.boxes_px) heights.push_back(box.height);
  std::nth_element(heights.begin(), heights.begin() + heights.size() / 2, heights.end());
  return heights[heights.size() / 2];
}

}  // namespace

std::vector<PersonTrack> TrackPeople(const ClipFrames& frames,
                                     CameraRegime regime,
                                     const PeopleOptions& options,
                                     int threads,
                                     PhaseTimes* times,
                                     Journal* journal) {
  std::vector<FrameDetections> detections;
  {
    const PhaseTimes::Scope scope(times, "people_detect");
    detections = DetectPeople(frames, regime, options, threads, journal);
  }
  const PhaseTimes::Scope scope(times, "people_track");
  Gate(frames, regime, options, &detections);
  const double small_px = kSmallPerson_px / (DetectionScale(frames, regime, options) * frames.scale_y());
  return TrackDetections(frames, std::move(detections), small_px, options, threads);
}

std::vector<PersonTrack> TrackDetections(const ClipFrames& frames,
                                         std::vector<FrameDetections> detections,
                                         double small_px,
                                         const PeopleOptions& options,
                                         int threads) {
  std::vector<BoxTrack> tracks = Join(frames, options, threads, std::move(detections));
  ExtendBackward(frames, options, &tracks);
  for (BoxTrack& track : tracks) {
    const std::vector<Box> boxes = SmoothBoxes(track.points, frames.clip().frame_rate_hz);
    for (size_t k = 0; k < boxes.size(); ++k) track.points[k].box = boxes[k];
  }
  const std::vector<std::vector<int>> cuts =
      FindIdentityCuts(frames, tracks, options.cut_appearance, threads);

  std::vector<PersonTrack> people;
  for (size_t t = 0; t < tracks.size(); ++t) {
    std::vector<int> bounds{0};
    bounds.insert(bounds.end(), cuts[t].begin(), cuts[t].end());
    bounds.push_back(static_cast<int>(tracks[t].points.size()));
    for (size_t piece = 0; piece + 1 < bounds.size(); ++piece) {
      PersonTrack person = MakePerson(frames, tracks[t], bounds[piece], bounds[piece + 1]);
      const auto hits = std::count(person.detected.begin(), person.detected.end(), 1);
      if (hits < options.min_hits) continue;
      if (!cuts[t].empty()) person.flags.push_back("track_identity_cut");
      if (MedianHeight(person) < small_px) person.flags.push_back("person_small");
      if (IsTruncated(person, frames.clip().working_from_source)) person.flags.push_back("person_truncated");
      people.push_back(std::move(person));
    }
  }
  std::stable_sort(people.begin(), people.end(), [](const PersonTrack& a, const PersonTrack& b) {
    if (a.frames.front() != b.frames.front()) return a.frames.front() < b.frames.front();
    return CentreX(a.boxes_px.front()) < CentreX(b.boxes_px.front());
  });
  for (size_t i = 0; i < people.size(); ++i) people[i].id = static_cast<int>(i);
  return people;
}

}  // namespace foothold
