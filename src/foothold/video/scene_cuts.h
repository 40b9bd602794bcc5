// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

// Inside the video module only: hard cuts between camera shots.
namespace foothold::video_internal {

// What is kept of a frame to compare it with its neighbours, 5 kB.
struct Thumbnail {
  cv::Mat gray;                    // 64 x 36, float, smoothed.
  std::vector<float> color_share;  // 8 x 8 x 8 colour histogram, sums to 1.
};
Thumbnail MakeThumbnail(const cv::Mat& bgr);

// 0 (same shot) .. 1 (nothing in common): geometric mean of the change of colours (1 - histogram
// intersection) and of structure (1 - best normalised correlation over small shifts). A walking camera
// keeps the colours, flickering light keeps the structure, a cut keeps neither.
double ShotDifference(const Thumbnail& a, const Thumbnail& b);

// Frames that start a new shot: difference to the frame before above `threshold`, more than twice that
// of the frames around (a fast pan is no cut), and still there one frame later (a flash is none).
// Dissolves and fades are not found.
std::vector<int> FindCuts(const std::vector<Thumbnail>& thumbnails, double threshold);

}  // namespace foothold::video_internal
