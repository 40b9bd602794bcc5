// SPDX-License-Identifier: Apache-2.0
#include <opencv2/videoio.hpp>

#include "foothold/base/error.h"
#include "foothold/base/pulse.h"
#include "foothold/video/opencv_io.h"
#include "foothold/video/video.h"

namespace foothold {

struct FrameReader::Impl {
  Clip clip;
  cv::VideoCapture capture;
  int next = 0;  // In the clip.
};

namespace {

[[noreturn]] void ThrowEnded(const Clip& clip, int frame) {
  throw Error(ErrorKind::kBadInput,
              clip.source_path + ": ends before frame " + std::to_string(frame) +
                  " of the clip; the file changed since it was probed, or is damaged")
      .WithReason("video_truncated");
}

}  // namespace

FrameReader::FrameReader(const Clip& clip) : impl_(std::make_unique<Impl>()) {
  video_internal::PrepareOpencv();
  impl_->clip = clip;
  impl_->capture = video_internal::OpenVideo(clip.source_path);
  // Decoded and dropped: seeking lands on wrong frames in cut, damaged and transport-stream files.
  for (int frame = 0; frame < clip.first_frame; ++frame) {
    if (!impl_->capture.grab()) ThrowEnded(clip, frame - clip.first_frame);
    Pulse();
  }
}

FrameReader::~FrameReader() = default;

bool FrameReader::Next(ImageU8* rgb) {
  const Clip& clip = impl_->clip;
  if (impl_->next >= clip.num_frames()) return false;
  cv::Mat bgr;
  if (!impl_->capture.read(bgr)) ThrowEnded(clip, impl_->next);
  const ImageTransform& transform = clip.working_from_source;
  if (bgr.cols != transform.source_width || bgr.rows != transform.source_height) {
    throw Error(ErrorKind::kBadInput,
                clip.source_path + ": frame " + std::to_string(impl_->next) + " of the clip is " +
                    std::to_string(bgr.cols) + "x" + std::to_string(bgr.rows) + ", not " +
                    std::to_string(transform.source_width) + "x" + std::to_string(transform.source_height))
        .WithReason("video_size_changes");
  }
  *rgb = video_internal::RgbFromBgr(bgr);
  ++impl_->next;
  Pulse();
  return true;
}

}  // namespace foothold
