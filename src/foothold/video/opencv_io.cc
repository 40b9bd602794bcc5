// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/opencv_io.h"

#include <cstdlib>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>

namespace foothold::video_internal {

void PrepareOpencv() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Read by OpenCV's FFmpeg layer at its first use. A user's own setting wins.
    setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "threads;1", /*overwrite=*/0);
    setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", /*overwrite=*/0);  // AV_LOG_QUIET: we report damage ourselves.
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::setNumThreads(1);
  });
}

ImageU8 RgbFromBgr(const cv::Mat& bgr) {
  ImageU8 rgb(bgr.cols, bgr.rows, 3);
  cv::Mat view(bgr.rows, bgr.cols, CV_8UC3, rgb.data.data());
  cv::cvtColor(bgr, view, cv::COLOR_BGR2RGB);
  return rgb;
}

}  // namespace foothold::video_internal
