// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/scene_cuts.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace foothold::video_internal {
namespace {

constexpr int kWidth = 64, kHeight = 36;
constexpr int kShift = 4;       // Searched for the best overlap: 6 % of the width.
constexpr int kNeighbours = 4;  // Frames on each side that say what is usual here.
constexpr double kOutlier = 2.0;

// 1 - the largest normalised correlation of b's centre inside a.
double StructureChange(const cv::Mat& a, const cv::Mat& b) {
  const cv::Mat centre = b(cv::Rect(kShift, kShift, kWidth - 2 * kShift, kHeight - 2 * kShift));
  cv::Scalar mean, deviation_a, deviation_b;
  cv::meanStdDev(a, mean, deviation_a);
  cv::meanStdDev(centre, mean, deviation_b);
  // Featureless frames (black, fog): nothing to correlate; two of them are alike, one alone is not.
  const bool flat_a = deviation_a[0] < 2, flat_b = deviation_b[0] < 2;
  if (flat_a || flat_b) return flat_a && flat_b ? 0 : 1;
  cv::Mat correlation;
  cv::matchTemplate(a, centre, correlation, cv::TM_CCOEFF_NORMED);
  double best = 0;
  cv::minMaxLoc(correlation, nullptr, &best);
  return std::clamp(1 - best, 0.0, 1.0);
}

}  // namespace

Thumbnail MakeThumbnail(const cv::Mat& bgr) {
  cv::Mat small;
  cv::resize(bgr, small, cv::Size(kWidth, kHeight), 0, 0, cv::INTER_AREA);
  Thumbnail thumbnail;
  thumbnail.color_share.assign(512, 0.0f);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const cv::Vec3b& pixel = small.at<cv::Vec3b>(y, x);
      thumbnail.color_share[(pixel[0] >> 5) * 64 + (pixel[1] >> 5) * 8 + (pixel[2] >> 5)] += 1;
    }
  }
  for (float& share : thumbnail.color_share) share /= kWidth * kHeight;
  cv::Mat gray;
  cv::cvtColor(small, gray, cv::COLOR_BGR2GRAY);
  cv::GaussianBlur(gray, gray, cv::Size(3, 3), 0);
  gray.convertTo(thumbnail.gray, CV_32F);
  return thumbnail;
}

double ShotDifference(const Thumbnail& a, const Thumbnail& b) {
  double common = 0;
  for (size_t i = 0; i < a.color_share.size(); ++i) common += std::min(a.color_share[i], b.color_share[i]);
  return std::sqrt(std::clamp(1 - common, 0.0, 1.0) * StructureChange(a.gray, b.gray));
}

std::vector<int> FindCuts(const std::vector<Thumbnail>& thumbnails, double threshold) {
  const int count = static_cast<int>(thumbnails.size());
  std::vector<double> difference(count, 0);  // To the frame before.
  for (int i = 1; i < count; ++i) difference[i] = ShotDifference(thumbnails[i - 1], thumbnails[i]);
  std::vector<int> cuts;
  for (int i = 1; i < count; ++i) {
    if (difference[i] <= threshold) continue;
    std::vector<double> around;
    for (int j = std::max(1, i - kNeighbours); j <= std::min(count - 1, i + kNeighbours); ++j) {
      if (j != i) around.push_back(difference[j]);
    }
    if (!around.empty()) {
      std::nth_element(around.begin(), around.begin() + around.size() / 2, around.end());
      if (difference[i] < kOutlier * around[around.size() / 2]) continue;
    }
    // A flash or a dropped picture: the old shot is back one or two frames later, or was there before.
    bool persists = true;
    for (int after = i + 1; after <= std::min(count - 1, i + 2); ++after) {
      persists = persists && ShotDifference(thumbnails[i - 1], thumbnails[after]) > threshold;
    }
    for (int before = i - 2; before >= std::max(0, i - 3); --before) {
      persists = persists && ShotDifference(thumbnails[before], thumbnails[i]) > threshold;
    }
    if (persists) cuts.push_back(i);
  }
  return cuts;
}

}  // namespace foothold::video_internal
