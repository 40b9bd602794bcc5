// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track.h"

#include <algorithm>
#include <cmath>

#include "foothold/perception/classical/track_assignment.h"
#include "foothold/perception/classical/track_filter.h"

namespace foothold {
namespace {

constexpr double kImpossible = 9;  // Cost of a pair outside the gate.
constexpr double kMaxCost = 1.35;
constexpr double kAppearanceWeight = 0.6;
constexpr double kGate = 0.25;        // Of the height; grows while unseen.
constexpr double kGateGrowth = 0.02;  // Per missed look.
constexpr int kMaxGateMisses = 15;
constexpr double kGateLogHeight = 0.35;
constexpr double kOwned = 0.5;     // Overlap with a track that forbids a new one.
constexpr int kMinCoastLooks = 4;  // However rarely frames are looked at.
constexpr int kUnconfirmedCoastLooks = 3;
constexpr double kMinDetectedShare = 0.35;
constexpr double kAppearanceMemory = 0.9, kScoreMemory = 0.8;

struct LiveTrack {
  BoxFilter filter;
  BoxTrack track;
  Appearance appearance;
  std::optional<BoxMotion> motion = {};  // To the current frame.
  double score = 0;
  int misses = 0;  // Looks without a detection since the last one.
};

class Tracker {
 public:
  Tracker(const TrackerInput& input, const TrackerOptions& options) : input_(input), options_(options) {}

  std::vector<BoxTrack> Run() {
    for (int frame = 0; frame < input_.num_frames; ++frame) {
      Predict(frame);
      const bool looked = frame % input_.step == 0;
      if (looked) Look(frame, frame / input_.step);
      EndFrame(frame, looked);
    }
    for (LiveTrack& live : live_) done_.push_back(std::move(live.track));
    return Selected();
  }

 private:
  void Predict(int frame) {
    for (LiveTrack& live : live_) {
      live.motion = input_.motion(frame, live.filter.box());
      const double x = live.filter.x(), y = live.filter.foot_y();
      live.filter.Predict();
      if (!live.motion) continue;
      live.filter.CorrectByMotion(x, y, live.motion->dx, live.motion->FootDy(live.filter.log_growth()));
    }
  }

  // Strong detections choose their tracks first, then the others; then strong ones left over start
  // new tracks.
  void Look(int frame, int entry) {
    const std::vector<Detection>& detections = input_.detections[entry].detections;
    std::vector<int> strong, all;
    for (int j = 0; j < static_cast<int>(detections.size()); ++j) {
      if (detections[j].score <= options_.continue_score) continue;
      all.push_back(j);
      if (detections[j].score > options_.start_score) strong.push_back(j);
    }
    taken_.assign(detections.size(), false);
    Associate(frame, entry, strong);
    std::erase_if(all, [&](int j) { return taken_[j]; });
    Associate(frame, entry, all);
    for (int j : strong) {
      if (!taken_[j]) Start(frame, entry, j);
    }
  }

  void Associate(int frame, int entry, const std::vector<int>& candidates) {
    std::vector<LiveTrack*> tracks;
    for (LiveTrack& live : live_) {
      if (live.track.points.back().frame != frame) tracks.push_back(&live);
    }
    const int rows = static_cast<int>(tracks.size()), columns = static_cast<int>(candidates.size());
    std::vector<double> cost(static_cast<size_t>(rows) * columns);
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        cost[static_cast<size_t>(row) * columns + column] = Cost(*tracks[row], entry, candidates[column]);
      }
    }
    const std::vector<int> column_of = SolveAssignment(cost, rows, columns);
    for (int row = 0; row < rows; ++row) {
      const int column = column_of[row];
      if (column < 0 || cost[static_cast<size_t>(row) * columns + column] > kMaxCost) continue;
      Take(frame, entry, candidates[column], tracks[row]);
    }
  }

  double Cost(const LiveTrack& live, int entry, int j) const {
    const Box& box = input_.detections[entry].detections[j].box;
    const double h = live.filter.height();
    const double gate = (kGate + kGateGrowth * std::min(live.misses, kMaxGateMisses)) * h;
    if (std::abs(CentreX(box) - live.filter.x()) >= gate ||
        std::abs(FootY(box) - live.filter.foot_y()) >= gate ||
        std::abs(std::log(box.height / h)) >= kGateLogHeight) {
      return kImpossible;
    }
    return 1 - IntersectionOverUnion(live.filter.box(), box) +
           kAppearanceWeight * AppearanceDistance(live.appearance, input_.appearance[entry][j]);
  }

  void Take(int frame, int entry, int j, LiveTrack* live) {
    const Detection& detection = input_.detections[entry].detections[j];
    live->filter.CorrectByDetection(detection.box);
    live->misses = 0;
    live->score = kScoreMemory * live->score + (1 - kScoreMemory) * detection.score;
    ++live->track.hits;
    live->track.points.push_back({frame, live->filter.box(), detection.box, live->motion, live->score});
    const Appearance& seen = input_.appearance[entry][j];
    if (live->appearance.empty()) {
      live->appearance = seen;
    } else if (!seen.empty()) {
      for (size_t k = 0; k < seen.size(); ++k) {
        live->appearance[k] =
            static_cast<float>(kAppearanceMemory * live->appearance[k] + (1 - kAppearanceMemory) * seen[k]);
      }
    }
    taken_[j] = true;
  }

  void Start(int frame, int entry, int j) {
    const Detection& detection = input_.detections[entry].detections[j];
    for (const LiveTrack& live : live_) {
      if (IntersectionOverUnion(live.filter.box(), detection.box) > kOwned) return;
    }
    LiveTrack live{BoxFilter(detection.box), {}, input_.appearance[entry][j]};
    live.score = detection.score;
    live.track.id = next_id_++;
    live.track.hits = 1;
    live.track.points.push_back({frame, live.filter.box(), detection.box, std::nullopt, live.score});
    live_.push_back(std::move(live));
  }

  void EndFrame(int frame, bool looked) {
    std::vector<LiveTrack> kept;
    for (LiveTrack& live : live_) {
      if (live.track.points.back().frame != frame) {
        if (looked) ++live.misses;
        live.track.points.push_back({frame, live.filter.box(), std::nullopt, live.motion, live.score});
      }
      const int allowed = live.track.hits >= options_.min_hits
                              ? std::max(kMinCoastLooks, options_.max_coast_frames / input_.step)
                              : kUnconfirmedCoastLooks;
      if (live.misses > allowed || HasLeft(live.filter.box())) {
        done_.push_back(std::move(live.track));
      } else {
        kept.push_back(std::move(live));
      }
    }
    live_ = std::move(kept);
  }

  bool HasLeft(const Box& box) const {
    const double x = CentreX(box);
    return x < 0 || x > input_.width || box.y + 0.4 * box.height > input_.height || FootY(box) < 0;
  }

  std::vector<BoxTrack> Selected() {
    std::vector<BoxTrack> selected;
    for (BoxTrack& track : done_) {
      while (!track.points.empty() && !track.points.back().detected()) track.points.pop_back();
      const double share = static_cast<double>(track.hits) * input_.step / track.points.size();
      if (track.hits >= options_.min_hits && share >= kMinDetectedShare) selected.push_back(std::move(track));
    }
    std::sort(
        selected.begin(), selected.end(), [](const BoxTrack& a, const BoxTrack& b) { return a.id < b.id; });
    return selected;
  }

  const TrackerInput& input_;
  const TrackerOptions& options_;
  std::vector<LiveTrack> live_;
  std::vector<BoxTrack> done_;
  std::vector<bool> taken_;  // Detections of this frame.
  int next_id_ = 0;
};

}  // namespace

std::vector<BoxTrack> JoinDetections(const TrackerInput& input, const TrackerOptions& options) {
  return Tracker(input, options).Run();
}

double AppearanceDistance(const Appearance& a, const Appearance& b) {
  if (a.empty() || a.size() != b.size()) return 0;
  double overlap = 0;
  for (size_t k = 0; k < a.size(); ++k) overlap += std::sqrt(static_cast<double>(a[k]) * b[k]);
  return std::sqrt(std::max(0.0, 1 - overlap));
}

}  // namespace foothold
