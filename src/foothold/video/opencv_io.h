// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <string>

#include "foothold/base/tar.h"
#include "foothold/scene/image.h"

// Inside the video module only: what its files share of OpenCV.
namespace foothold::video_internal {

// Once per process, before any other call: libraries that keep quiet on damaged files, and no threads
// of OpenCV's own. (FFmpeg's decoder keeps one frame thread per core; OpenCV 4.6 has no way to set it,
// "threads;1" in OPENCV_FFMPEG_CAPTURE_OPTIONS does not reach the decoder. Pixels do not depend on it.)
void PrepareOpencv();

// The file, or the member of a tar archive, that holds a video. Throws Error(kBadInput) with reason
// video_missing, video_no_permission, video_unreadable or video_empty, or as FindFile.
FilePiece FindVideo(const std::string& path);

// Throws as FindVideo, and Error(kBadInput, "video_unreadable").
cv::VideoCapture OpenVideo(const std::string& path);

// Errors that FFmpeg reports while the object lives. OpenCV hands out damaged frames without a word;
// the log is the only trace. For the whole process: decode one video at a time to know whose they are.
class DecodeErrorCounter {
 public:
  DecodeErrorCounter();
  int Count() const;

 private:
  int start_;
};

ImageU8 RgbFromBgr(const cv::Mat& bgr);

}  // namespace foothold::video_internal
