// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/video/frame_times.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr int kSideMultiple_px = 16;

int RoundSide(double side_px) {
  return std::max(kSideMultiple_px,
                  static_cast<int>(std::lround(side_px / kSideMultiple_px)) * kSideMultiple_px);
}

double MedianRate(const std::vector<double>& time_s) {
  std::vector<double> intervals;
  for (size_t i = 1; i < time_s.size(); ++i) intervals.push_back(time_s[i] - time_s[i - 1]);
  std::nth_element(intervals.begin(), intervals.begin() + intervals.size() / 2, intervals.end());
  return 1.0 / intervals[intervals.size() / 2];
}

std::string IdOf(const std::string& source_hash, int begin, int end) {
  return HashText(source_hash + ":" + std::to_string(begin) + ":" + std::to_string(end));
}

Clip MakeClip(const VideoProbe& probe, int begin, int end, const VideoOptions& options, bool several) {
  Clip clip;
  clip.source_path = probe.path;
  clip.source_hash = probe.content_hash;
  clip.id = IdOf(probe.content_hash, begin, end);
  clip.name = std::filesystem::path(probe.path).stem().string();
  if (several) {
    char suffix[16];
    std::snprintf(suffix, sizeof suffix, "_%06d", begin);
    clip.name += suffix;
  }
  clip.first_frame = begin;
  clip.time_s.assign(probe.time_s.begin() + begin, probe.time_s.begin() + end);
  clip.frame_rate_hz = clip.time_s.size() > 1 ? MedianRate(clip.time_s) : probe.frame_rate_hz;
  clip.working_from_source = MakeWorkingTransform(probe.width, probe.height, options);
  clip.source_flags = probe.flags;
  return clip;
}

}  // namespace

std::vector<FrameRange> PlanParts(int begin, int end, const VideoOptions& options) {
  FOOTHOLD_CHECK(begin < end, "parts of no frames");
  const int64_t overlap = std::min(options.part_overlap_frames, options.part_frames / 2);
  const int64_t stride = options.part_frames - overlap, fresh = end - begin - overlap;
  const int64_t count = std::max<int64_t>(1, (2 * fresh + stride) / (2 * stride));  // Rounded.
  std::vector<FrameRange> parts;
  for (int64_t i = 0; i < count; ++i) {
    parts.push_back({static_cast<int>(begin + i * fresh / count),
                     static_cast<int>(begin + (i + 1) * fresh / count + overlap)});
  }
  return parts;
}

Clip SubClip(const Clip& clip, int begin, int end) {
  FOOTHOLD_CHECK(0 <= begin && begin < end && end <= clip.num_frames(), "no frames of the clip");
  if (begin == 0 && end == clip.num_frames()) return clip;
  Clip part = clip;
  part.first_frame = clip.first_frame + begin;
  part.id = IdOf(clip.source_hash, part.first_frame, clip.first_frame + end);
  char suffix[16];
  std::snprintf(suffix, sizeof suffix, "_%06d", part.first_frame);
  part.name = std::filesystem::path(clip.source_path).stem().string() + suffix;
  part.time_s.assign(clip.time_s.begin() + begin, clip.time_s.begin() + end);
  return part;
}

ImageTransform MakeWorkingTransform(int source_width, int source_height, const VideoOptions& options) {
  FOOTHOLD_CHECK(source_width > 0 && source_height > 0, "source image without pixels");
  // Never enlarged: that adds work and no detail.
  const int source_long = std::max(source_width, source_height);
  const int long_px =
      RoundSide(std::min(options.working_long_edge_px, std::max(kSideMultiple_px, source_long / 16 * 16)));
  ImageTransform t;
  t.source_width = source_width;
  t.source_height = source_height;
  const double aspect = static_cast<double>(std::min(source_width, source_height)) / source_long;
  t.width = source_width >= source_height ? long_px : RoundSide(long_px * aspect);
  t.height = source_width >= source_height ? RoundSide(long_px * aspect) : long_px;
  const double fit_x = static_cast<double>(t.width) / source_width;
  const double fit_y = static_cast<double>(t.height) / source_height;
  t.scale_x = t.scale_y = options.working_fit == "pad" ? std::min(fit_x, fit_y) : std::max(fit_x, fit_y);
  // Centre onto centre.
  t.offset_x_px = 0.5 * (t.width - 1) - t.scale_x * 0.5 * (source_width - 1);
  t.offset_y_px = 0.5 * (t.height - 1) - t.scale_y * 0.5 * (source_height - 1);
  return t;
}

std::vector<Clip> MakeClips(const VideoProbe& probe, int begin, int end, const VideoOptions& options) {
  const int count = static_cast<int>(probe.time_s.size());
  if (end < 0) end = count;
  if (begin < 0 || begin >= end || end > count) {
    throw Error(ErrorKind::kUsage,
                probe.path + ": frames " + std::to_string(begin) + ":" + std::to_string(end) +
                    " are not a range of its " + std::to_string(count) + " frames");
  }
  std::vector<int> starts{begin};
  if (options.split_at_cuts) starts.insert(starts.end(), probe.cuts.begin(), probe.cuts.end());
  // Motion across missing time cannot be labelled, whatever the options say about cuts.
  const std::vector<int> behind_gaps = video_internal::FramesBehindGaps(probe.time_s);
  starts.insert(starts.end(), behind_gaps.begin(), behind_gaps.end());
  std::erase_if(starts, [&](int frame) { return frame < begin || frame >= end; });
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());

  const bool several = starts.size() > 1;
  std::vector<Clip> clips;
  for (size_t k = 0; k < starts.size(); ++k) {
    const int stop = k + 1 < starts.size() ? starts[k + 1] : end;
    if (stop - starts[k] < options.min_clip_frames) continue;
    clips.push_back(MakeClip(probe, starts[k], stop, options, several));
  }
  if (clips.empty()) {
    throw Error(ErrorKind::kBadInput,
                probe.path + ": no " + std::to_string(options.min_clip_frames) +
                    " frames without a cut or gap; lower video.min_clip_frames or give a longer video")
        .WithReason("video_too_short");
  }
  return clips;
}

}  // namespace foothold
