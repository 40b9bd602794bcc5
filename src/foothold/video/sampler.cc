// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/sampler.h"

#include <cctype>
#include <opencv2/videoio.hpp>

#include "foothold/base/error.h"
#include "foothold/video/frame_times.h"
#include "foothold/video/opencv_io.h"

namespace foothold {

struct VideoSampler::Impl {
  std::string path;
  cv::VideoCapture capture;
  VideoClaims claims;
  int next = 0;  // Frame that the next grab gives.
};

namespace {

constexpr int kDecodeOn = 120;  // Frames ahead up to which decoding beats a seek to the keyframe before.

// Nonsense such as negative counts and rates becomes 0.
double Sensible(double value, double max) { return value > 0 && value < max ? value : 0; }

std::string CodecName(int fourcc) {
  std::string name;
  for (int shift = 0; shift < 32; shift += 8) {
    const char c = static_cast<char>(fourcc >> shift & 0x7f);
    if (std::isgraph(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name;
}

}  // namespace

VideoSampler::VideoSampler(const std::string& path) : impl_(std::make_unique<Impl>()) {
  video_internal::PrepareOpencv();
  impl_->path = path;
  impl_->capture = video_internal::OpenVideo(path);
  const cv::VideoCapture& capture = impl_->capture;
  impl_->claims.rotation_deg = static_cast<int>(capture.get(cv::CAP_PROP_ORIENTATION_META));
  impl_->claims.frame_rate_hz = Sensible(capture.get(cv::CAP_PROP_FPS), 1e5);
  impl_->claims.num_frames = static_cast<int>(Sensible(capture.get(cv::CAP_PROP_FRAME_COUNT), 1e9));
  impl_->claims.codec = CodecName(static_cast<int>(capture.get(cv::CAP_PROP_FOURCC)));
}

VideoSampler::~VideoSampler() = default;

const VideoClaims& VideoSampler::claims() const { return impl_->claims; }

bool VideoSampler::Read(int frame, ImageU8* rgb) {
  cv::Mat bgr;
  try {
    if (frame < impl_->next && frame < kDecodeOn) {  // Back to a start that every file has.
      impl_->capture = video_internal::OpenVideo(impl_->path);
      impl_->next = 0;
    }
    if (frame < impl_->next || frame > impl_->next + kDecodeOn) {
      impl_->capture.set(cv::CAP_PROP_POS_FRAMES, frame);
    } else {
      for (; impl_->next < frame; ++impl_->next) {
        if (!impl_->capture.grab()) return false;
      }
    }
    impl_->next = frame + 1;
    if (!impl_->capture.read(bgr) || bgr.empty()) return false;
  } catch (const cv::Exception&) {  // Of a picture that cannot be converted.
    return false;
  }
  *rgb = video_internal::RgbFromBgr(bgr);
  return true;
}

std::vector<double> ReadFrameTimes(const std::string& path, const std::function<void()>& progress) {
  video_internal::PrepareOpencv();
  cv::VideoCapture capture = video_internal::OpenVideo(path);
  std::vector<double> reported_s;
  while (capture.grab()) {
    reported_s.push_back(capture.get(cv::CAP_PROP_POS_MSEC) / 1000);
    if (reported_s.size() % 100 == 0) progress();
  }
  if (reported_s.empty()) {
    throw Error(ErrorKind::kBadInput, path + ": no frame could be decoded").WithReason("video_no_frames");
  }
  return video_internal::RepairFrameTimes(reported_s, capture.get(cv::CAP_PROP_FPS)).time_s;
}

}  // namespace foothold
