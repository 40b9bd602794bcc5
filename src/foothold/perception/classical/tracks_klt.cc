// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/tracks_klt.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

#include "foothold/base/pulse.h"
#include "foothold/perception/classical/image_cv.h"

namespace foothold {
namespace {

constexpr double kSideGrowth = 0.25;  // Arms swing outside the box.
constexpr int kBorderPx = 3;
constexpr double kBodyDistancePx = 5;  // Least distance between new corners on bodies.
constexpr int kMinKeyframes = 3;       // Of a track that is worth returning.

using Points = std::vector<cv::Point2f>;

// Analysis size, `inside` in the part of everybody's box that `part` gives, `outside` elsewhere.
template <class Part>
cv::Mat PeopleMask(const ClipFrames& frames,
                   const std::vector<PersonTrack>& people,
                   int frame,
                   const Part& part,
                   uint8_t inside,
                   uint8_t outside) {
  cv::Mat mask(frames.height(), frames.width(), CV_8U, cv::Scalar(outside));
  for (const PersonTrack& person : people) {
    const Box* box_px = BoxAt(person, frame);
    if (box_px == nullptr) continue;
    const Box box = part(frames.AnalysisFromSource(*box_px));
    cv::rectangle(mask,
                  cv::Point(static_cast<int>(box.x), static_cast<int>(box.y)),
                  cv::Point(static_cast<int>(box.x + box.width), static_cast<int>(box.y + box.height)),
                  cv::Scalar(inside),
                  cv::FILLED);
  }
  return mask;
}

// The tracks that are alive in the current frame.
class Tracker {
 public:
  explicit Tracker(const KltOptions& options) : options_(options) {}

  void Advance(const cv::Mat& previous, const cv::Mat& current, const cv::Mat& mask) {
    if (points_.empty()) return;
    Points forward, back;
    std::vector<uint8_t> forward_ok, back_ok;
    std::vector<float> error;
    const cv::Size window(options_.window_px, options_.window_px);
    const cv::TermCriteria stop(cv::TermCriteria::COUNT | cv::TermCriteria::EPS, 20, 0.01);
    cv::calcOpticalFlowPyrLK(
        previous, current, points_, forward, forward_ok, error, window, options_.pyramid_levels, stop);
    cv::calcOpticalFlowPyrLK(
        current, previous, forward, back, back_ok, error, window, options_.pyramid_levels, stop);
    Points kept;
    std::vector<int> kept_ids;
    for (size_t i = 0; i < points_.size(); ++i) {
      const cv::Point2f p = forward[i], round_trip = back[i] - points_[i];
      if (!forward_ok[i] || !back_ok[i]) continue;
      if (std::hypot(round_trip.x, round_trip.y) >= options_.max_forward_backward_px) continue;
      if (!(p.x > kBorderPx && p.y > kBorderPx && p.x < current.cols - 1 - kBorderPx &&
            p.y < current.rows - 1 - kBorderPx)) {
        continue;
      }
      if (mask.at<uint8_t>(cvRound(p.y), cvRound(p.x)) == 0) continue;
      kept.push_back(p);
      kept_ids.push_back(ids_[i]);
    }
    points_.swap(kept);
    ids_.swap(kept_ids);
  }

  // New corners where no track is near.
  void TopUp(const cv::Mat& image, const cv::Mat& mask, int frame) {
    const int missing = options_.max_corners - static_cast<int>(points_.size());
    if (missing <= 0) return;
    cv::Mat free = mask.clone();
    for (const cv::Point2f& p : points_) {
      cv::circle(free,
                 cv::Point(static_cast<int>(p.x), static_cast<int>(p.y)),
                 static_cast<int>(options_.min_distance_px),
                 cv::Scalar(0),
                 cv::FILLED);
    }
    Points corners;
    cv::goodFeaturesToTrack(image, corners, missing, options_.quality, options_.min_distance_px, free, 5);
    if (corners.empty()) return;
    cv::cornerSubPix(image,
                     corners,
                     cv::Size(3, 3),
                     cv::Size(-1, -1),
                     cv::TermCriteria(cv::TermCriteria::COUNT | cv::TermCriteria::EPS, 10, 0.03));
    for (const cv::Point2f& corner : corners) {
      ids_.push_back(static_cast<int>(tracks_.size()));
      points_.push_back(corner);
      tracks_.push_back({frame, {}});
    }
  }

  void Record() {
    for (size_t i = 0; i < points_.size(); ++i) {
      tracks_[ids_[i]].positions_px.push_back({points_[i].x, points_[i].y});
    }
  }

  std::vector<FeatureTrack> Take() { return std::move(tracks_); }

 private:
  const KltOptions& options_;
  Points points_;
  std::vector<int> ids_;
  std::vector<FeatureTrack> tracks_;
};

int KeyframesSeen(const FeatureTrack& track, const std::vector<int>& keyframes) {
  const auto begin = std::lower_bound(keyframes.begin(), keyframes.end(), track.first_frame);
  const auto end = std::lower_bound(keyframes.begin(), keyframes.end(), track.end_frame());
  return static_cast<int>(end - begin);
}

// Corners where mask_of(frame) is not 0.
template <class MaskOf>
std::vector<FeatureTrack> FollowCorners(const ClipFrames& frames,
                                        const std::vector<int>& keyframes,
                                        const KltOptions& options,
                                        const MaskOf& mask_of) {
  Tracker tracker(options);
  size_t next_keyframe = 0;
  for (int frame = 0; frame < frames.count(); ++frame) {
    const cv::Mat image = AsMat(frames.Gray(frame));
    const cv::Mat mask = mask_of(frame);
    if (frame > 0) tracker.Advance(AsMat(frames.Gray(frame - 1)), image, mask);
    if (next_keyframe < keyframes.size() && keyframes[next_keyframe] == frame) {
      tracker.TopUp(image, mask, frame);
      ++next_keyframe;
    }
    tracker.Record();
    Pulse();
  }
  std::vector<FeatureTrack> tracks;
  for (FeatureTrack& track : tracker.Take()) {
    if (KeyframesSeen(track, keyframes) >= kMinKeyframes) tracks.push_back(std::move(track));
  }
  return tracks;
}

}  // namespace

Box BodyBox(const Box& box) {
  return {box.x + 0.25f * box.width, box.y + 0.05f * box.height, 0.5f * box.width, 0.9f * box.height};
}

Box GrownBox(const Box& box, double side) {
  const float grow = static_cast<float>(side) * box.width;
  return {box.x - grow, box.y - 0.05f * box.height, box.width + 2 * grow, 1.11f * box.height};
}

const Box* BoxAt(const PersonTrack& track, int frame) {
  if (track.frames.empty()) return nullptr;
  const int index = frame - track.frames.front();  // Frames have no holes.
  if (index < 0 || index >= static_cast<int>(track.frames.size())) return nullptr;
  return &track.boxes_px[index];
}

std::vector<FeatureTrack> TrackFeatures(const ClipFrames& frames,
                                        const std::vector<PersonTrack>& people,
                                        const std::vector<int>& keyframes,
                                        const KltOptions& options) {
  const auto grown = [](const Box& box) { return GrownBox(box, kSideGrowth); };
  return FollowCorners(frames, keyframes, options, [&](int frame) {
    return PeopleMask(frames, people, frame, grown, 0, 255);
  });
}

std::vector<FeatureTrack> TrackBodyFeatures(const ClipFrames& frames,
                                            const std::vector<PersonTrack>& people,
                                            const std::vector<int>& keyframes,
                                            const KltOptions& options) {
  KltOptions dense = options;  // A body is a small place to find corners in.
  dense.min_distance_px = std::min(options.min_distance_px, kBodyDistancePx);
  return FollowCorners(frames, keyframes, dense, [&](int frame) {
    return PeopleMask(frames, people, frame, BodyBox, 255, 0);
  });
}

const OptionTable& KltOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<KltOptions>("classical_features",
                                     "Feature tracks for a moving camera (classical perception).")
          .Add("max_corners", &KltOptions::max_corners, 100, 20000, "Corners followed at a time.")
          .Add("quality", &KltOptions::quality, 1e-5, 0.5, "Weakest corner, as a share of the strongest.")
          .Add("min_distance_px", &KltOptions::min_distance_px, 2, 100, "Least distance between new corners.")
          .Add("window_px", &KltOptions::window_px, 5, 61, "Side of the tracking window.")
          .Add("pyramid_levels", &KltOptions::pyramid_levels, 0, 6, "Pyramid levels above the image.")
          .Add("max_forward_backward_px",
               &KltOptions::max_forward_backward_px,
               0.01,
               5,
               "Largest forward-backward error of a track between two frames.")
          .Build();
  return table;
}

}  // namespace foothold
