// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/depth_picture.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace foothold::report {
namespace {

constexpr uint8_t kUnknownGrey = 128;

bool IsKnown(const KeyframeDepth& keyframe, int x, int y) {
  return keyframe.depth_m.At(x, y) > 0 && (keyframe.confidence.empty() || keyframe.confidence.At(x, y) > 0);
}

// Depths that 2 % of the known pixels lie below and above: outliers must not use up the colours.
void SetRange(const KeyframeDepth& keyframe, DepthPicture* picture) {
  std::vector<float> known;
  for (int y = 0; y < keyframe.depth_m.height; ++y) {
    for (int x = 0; x < keyframe.depth_m.width; ++x) {
      if (IsKnown(keyframe, x, y)) known.push_back(keyframe.depth_m.At(x, y));
    }
  }
  if (known.empty()) return;
  std::sort(known.begin(), known.end());
  picture->near_m = known[known.size() / 50];
  picture->far_m = known[known.size() - 1 - known.size() / 50];
}

std::vector<cv::Vec3b> TurboColors() {
  cv::Mat ramp(1, 256, CV_8UC1), colors;
  for (int i = 0; i < 256; ++i) ramp.at<uint8_t>(0, i) = static_cast<uint8_t>(i);
  cv::applyColorMap(ramp, colors, cv::COLORMAP_TURBO);
  return {colors.begin<cv::Vec3b>(), colors.end<cv::Vec3b>()};
}

}  // namespace

DepthPicture MakeDepthPicture(const KeyframeDepth& keyframe) {
  static const std::vector<cv::Vec3b> kColors = TurboColors();
  DepthPicture picture;
  picture.rgb = ImageU8(keyframe.depth_m.width, keyframe.depth_m.height, 3, kUnknownGrey);
  SetRange(keyframe, &picture);
  if (!(picture.near_m > 0)) return picture;
  const double log_near = std::log(picture.near_m);
  const double log_span = std::max(1e-6, std::log(picture.far_m) - log_near);
  for (int y = 0; y < picture.rgb.height; ++y) {
    for (int x = 0; x < picture.rgb.width; ++x) {
      if (!IsKnown(keyframe, x, y)) continue;
      const double far_share =
          std::clamp((std::log(keyframe.depth_m.At(x, y)) - log_near) / log_span, 0.0, 1.0);
      const cv::Vec3b& bgr = kColors[static_cast<int>(std::lround(235 * (1 - far_share))) + 10];
      const double confidence = keyframe.confidence.empty() ? 1 : keyframe.confidence.At(x, y);
      const double light = 0.35 + 0.65 * std::clamp(confidence, 0.0, 1.0);
      for (int c = 0; c < 3; ++c) picture.rgb.At(x, y, c) = static_cast<uint8_t>(light * bgr[2 - c]);
    }
  }
  return picture;
}

}  // namespace foothold::report
