// SPDX-License-Identifier: Apache-2.0
#include <opencv2/videoio.hpp>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/pulse.h"
#include "foothold/video/frame_times.h"
#include "foothold/video/opencv_io.h"
#include "foothold/video/scene_cuts.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr int kMinSide_px = 64;

Error BadVideo(const std::string& path, const std::string& what, const char* reason) {
  return Error(ErrorKind::kBadInput, path + ": " + what).WithReason(reason);
}

// Everything that one pass over the frames tells.
struct Pass {
  std::vector<double> reported_time_s;
  std::vector<video_internal::Thumbnail> thumbnails;
  cv::Size size;
};

Pass DecodeAll(const std::string& path, cv::VideoCapture* capture) {
  Pass pass;
  cv::Mat bgr;
  while (capture->grab()) {
    // Of the frame just grabbed.
    pass.reported_time_s.push_back(capture->get(cv::CAP_PROP_POS_MSEC) / 1000);
    if (!capture->retrieve(bgr) || bgr.empty()) {
      pass.reported_time_s.pop_back();
      break;
    }
    if (pass.thumbnails.empty()) pass.size = bgr.size();
    if (bgr.size() != pass.size) {
      throw BadVideo(path,
                     "the picture changes its size at frame " + std::to_string(pass.thumbnails.size()),
                     "video_size_changes");
    }
    pass.thumbnails.push_back(video_internal::MakeThumbnail(bgr));
    Pulse();
  }
  return pass;
}

void CheckPass(const std::string& path, const Pass& pass, const VideoOptions& options) {
  const int count = static_cast<int>(pass.thumbnails.size());
  if (count == 0) throw BadVideo(path, "no frame could be decoded", "video_no_frames");
  if (pass.size.width < kMinSide_px || pass.size.height < kMinSide_px) {
    throw BadVideo(path,
                   std::to_string(pass.size.width) + "x" + std::to_string(pass.size.height) +
                       " pixels; both sides must have at least " + std::to_string(kMinSide_px),
                   "video_too_small");
  }
  if (count < options.min_clip_frames) {
    throw BadVideo(path,
                   std::to_string(count) + " frames; video.min_clip_frames asks for " +
                       std::to_string(options.min_clip_frames),
                   "video_too_short");
  }
}

// Matroska and transport streams know no frame count: OpenCV then multiplies duration and mean rate,
// wrong for variable rates. So the claimed *duration* has to be missing too.
bool IsTruncated(const VideoProbe& probe, double container_rate_hz) {
  const int count = static_cast<int>(probe.time_s.size());
  if (count >= 0.99 * probe.container_frames - 2) return false;
  if (container_rate_hz <= 0) return true;
  const double claimed_s = probe.container_frames / container_rate_hz;
  const double decoded_s = probe.time_s.back() - probe.time_s.front() + 1 / probe.frame_rate_hz;
  return !probe.variable_rate || decoded_s < 0.98 * claimed_s;
}

}  // namespace

VideoProbe ProbeVideo(const std::string& path, const VideoOptions& options) {
  video_internal::PrepareOpencv();
  VideoProbe probe;
  probe.path = path;
  probe.content_hash = HashFile(video_internal::FindVideo(path));

  const video_internal::DecodeErrorCounter errors;
  cv::VideoCapture capture = video_internal::OpenVideo(path);
  const double container_rate_hz = capture.get(cv::CAP_PROP_FPS);
  const double container_frames = capture.get(cv::CAP_PROP_FRAME_COUNT);  // Negative or huge when unknown.
  probe.container_frames =
      container_frames > 0 && container_frames < 1e9 ? static_cast<int>(container_frames) : 0;
  probe.rotation_deg = static_cast<int>(capture.get(cv::CAP_PROP_ORIENTATION_META));
  const Pass pass = DecodeAll(path, &capture);
  CheckPass(path, pass, options);
  probe.width = pass.size.width;
  probe.height = pass.size.height;

  const video_internal::FrameTimes times =
      video_internal::RepairFrameTimes(pass.reported_time_s, container_rate_hz);
  probe.time_s = times.time_s;
  probe.frame_rate_hz = 1 / times.median_interval_s;
  probe.variable_rate = video_internal::IsVariableRate(times);
  probe.cuts = video_internal::FindCuts(pass.thumbnails, options.cut_threshold);

  if (IsTruncated(probe, container_rate_hz)) probe.flags.push_back("video_truncated");
  if (!video_internal::FramesBehindGaps(probe.time_s).empty()) probe.flags.push_back("time_gap");
  if (probe.variable_rate) probe.flags.push_back("variable_rate");
  if (!times.any_known) probe.flags.push_back("time_unknown");
  if (errors.Count() > 0) probe.flags.push_back("decode_errors");
  return probe;
}

}  // namespace foothold
