// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/regime.h"

#include <algorithm>
#include <cmath>
#include <opencv2/calib3d.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

#include "foothold/perception/classical/image_cv.h"
#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

constexpr int kMaxPairs = 12;
constexpr int kMinPoints = 30;

using Points = std::vector<cv::Point2f>;

struct FramePair {
  int a, b;
};

// Pairs spread over the clip whose gap lies in the wanted range, plus the first frame with others far
// away, which shows slow drift. A clip shorter than the gap gives its first and last frame.
std::vector<FramePair> PairsOverClip(const std::vector<double>& time_s, const RegimeOptions& options) {
  const int count = static_cast<int>(time_s.size());
  std::vector<FramePair> pairs;
  const double gap_s = 0.5 * (options.min_gap_s + options.max_gap_s);
  for (int k = 0; k < kMaxPairs; ++k) {
    const int a = static_cast<int>(static_cast<long>(k) * count / kMaxPairs);
    int b = a;
    while (b + 1 < count && time_s[b] - time_s[a] < gap_s) ++b;
    if (time_s[b] - time_s[a] >= options.min_gap_s) pairs.push_back({a, b});
  }
  for (int k = 1; k <= 3; ++k) pairs.push_back({0, (count - 1) * k / 3});
  std::erase_if(pairs, [](const FramePair& pair) { return pair.a == pair.b; });
  return pairs;
}

// Median motion of corners of frame a found again in frame b; negative when too few were found.
double MedianMove(const cv::Mat& a, const cv::Mat& b) {
  Points from, to, back;
  cv::goodFeaturesToTrack(a, from, 400, 0.01, 12, cv::noArray(), 5);
  if (static_cast<int>(from.size()) < kMinPoints) return -1;
  std::vector<uint8_t> ok_to, ok_back;
  std::vector<float> error;
  cv::calcOpticalFlowPyrLK(a, b, from, to, ok_to, error, cv::Size(15, 15), 3);
  cv::calcOpticalFlowPyrLK(b, a, to, back, ok_back, error, cv::Size(15, 15), 3);
  std::vector<double> moves;
  for (size_t i = 0; i < from.size(); ++i) {
    const cv::Point2f round_trip = back[i] - from[i], move = to[i] - from[i];
    if (ok_to[i] && ok_back[i] && std::hypot(round_trip.x, round_trip.y) < 0.5) {
      moves.push_back(std::hypot(move.x, move.y));
    }
  }
  // A standing camera finds most corners again; people and light take the rest.
  if (moves.size() < 0.4 * static_cast<double>(from.size())) return -1;
  return Median(moves);
}

}  // namespace

bool IsStaticCamera(const ClipFrames& frames, const RegimeOptions& options, RegimeFigures* figures) {
  std::vector<double> moves;
  bool lost = false;
  for (const FramePair& pair : PairsOverClip(frames.clip().time_s, options)) {
    const double move = MedianMove(AsMat(frames.Gray(pair.a)), AsMat(frames.Gray(pair.b)));
    lost = lost || move < 0;
    moves.push_back(move < 0 ? frames.width() : move);
  }
  if (moves.empty()) return true;  // One frame.
  const double median = Median(moves);
  if (figures != nullptr) *figures = {static_cast<int>(moves.size()), median, 0, 0};
  // One pair may be hurt by a person close to the camera; a camera that moves for part of the clip
  // hurts several.
  return median < options.static_move_px && Quantile(moves, 0.9) < 3 * options.static_move_px;
}

CameraRegime ClassifyMovingCamera(const std::vector<FeatureTrack>& tracks,
                                  const std::vector<int>& keyframes,
                                  const std::vector<double>& time_s,
                                  const RegimeOptions& options,
                                  RegimeFigures* figures) {
  std::vector<double> moves, shares, p80;
  const int count = static_cast<int>(keyframes.size());
  const int step = std::max(1, count / kMaxPairs);
  for (int i = 0; i < count; i += step) {
    int j = i;
    while (j + 1 < count && time_s[keyframes[j + 1]] - time_s[keyframes[i]] <= options.max_gap_s) ++j;
    if (time_s[keyframes[j]] - time_s[keyframes[i]] < options.min_gap_s) continue;
    Points a, b;
    std::vector<double> move;
    for (const FeatureTrack& track : tracks) {
      if (!track.Sees(keyframes[i]) || !track.Sees(keyframes[j])) continue;
      const Vec2f p = track.At(keyframes[i]), q = track.At(keyframes[j]);
      a.push_back({p[0], p[1]});
      b.push_back({q[0], q[1]});
      move.push_back(Norm(q - p));
    }
    if (static_cast<int>(a.size()) < kMinPoints) continue;
    const cv::Mat homography = cv::findHomography(a, b, cv::USAC_MAGSAC, 1.0);
    if (homography.empty()) continue;
    Points mapped;
    cv::perspectiveTransform(a, mapped, homography);
    std::vector<double> errors;
    int inliers = 0;
    for (size_t k = 0; k < mapped.size(); ++k) {
      errors.push_back(std::hypot(mapped[k].x - b[k].x, mapped[k].y - b[k].y));
      inliers += errors.back() < 1 ? 1 : 0;
    }
    moves.push_back(Median(move));
    shares.push_back(inliers / static_cast<double>(errors.size()));
    p80.push_back(Quantile(errors, 0.8));
  }
  RegimeFigures result;
  result.num_pairs = static_cast<int>(moves.size());
  if (!moves.empty()) {
    result.move_px = Median(moves);
    result.homography_inlier_share = Median(shares);
    result.homography_p80_px = Median(p80);
  }
  if (figures != nullptr) *figures = result;
  const bool rotation = result.num_pairs > 0 &&
                        result.homography_inlier_share > options.rotation_inlier_share &&
                        result.homography_p80_px < options.rotation_p80_px;
  return rotation ? CameraRegime::kRotation : CameraRegime::kParallax;
}

const OptionTable& RegimeOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<RegimeOptions>("classical_regime", "How the camera moves (classical perception).")
          .Add("static_move_px",
               &RegimeOptions::static_move_px,
               0,
               10,
               "Median feature motion below which the camera stands still.")
          .Add("rotation_inlier_share",
               &RegimeOptions::rotation_inlier_share,
               0,
               1,
               "Share of features within 1 px of a homography above which the camera only rotates.")
          .Add("rotation_p80_px",
               &RegimeOptions::rotation_p80_px,
               0,
               10,
               "80th percentile of the homography's error below which the camera only rotates.")
          .Add("min_gap_s",
               &RegimeOptions::min_gap_s,
               0.05,
               10,
               "Least time between the two frames of a pair.")
          .Add(
              "max_gap_s", &RegimeOptions::max_gap_s, 0.05, 10, "Most time between the two frames of a pair.")
          .Build();
  return table;
}

}  // namespace foothold
