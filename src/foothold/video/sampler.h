// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foothold/scene/image.h"

namespace foothold {

// What a container says of its video before anything is decoded; any of it may be wrong.
struct VideoClaims {
  int rotation_deg = 0;
  double frame_rate_hz = 0;  // 0: unknown, as below.
  int num_frames = 0;
  std::string codec;  // Four characters, "h264".
};

// Single pictures of a video at little cost: near ones by decoding on, far ones by a seek, which in cut or
// damaged files lands on another frame than asked for. Enough to judge what a video shows; labels are made
// from FrameReader.
class VideoSampler {
 public:
  // Throws Error(kBadInput) as ProbeVideo does for a file that cannot be opened.
  explicit VideoSampler(const std::string& path);
  ~VideoSampler();
  const VideoClaims& claims() const;
  // Source resolution, RGB, rotation applied. False when nothing can be decoded there.
  bool Read(int frame, ImageU8* rgb);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Times of all frames as ProbeVideo gives them, from decoding the whole file without looking at it.
// `progress` is called now and then. Throws Error(kBadInput), also "video_no_frames".
std::vector<double> ReadFrameTimes(const std::string& path, const std::function<void()>& progress);

}  // namespace foothold
