// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"
#include "foothold/video/video.h"

namespace foothold {

struct FramesOptions {
  int analysis_long_edge_px = 960;  // Frames are shrunk to this before anything looks at them.
  static const OptionTable& Table();
};

// All frames of one clip, decoded once from start to end.
//
// Three sizes: the *source* (as decoded, never kept), the *analysis image* (whole source frame, long
// edge at most FramesOptions::analysis_long_edge_px, never enlarged), and the *working image*
// (Clip::working_from_source, kept for the wanted frames only).
//
// Memory: 1.5 bytes per analysis pixel and frame (full grey, colour differences at half size), that
// is 0.78 GB for 1000 frames of 960 x 540, plus 3 bytes per working pixel of each wanted frame.
class ClipFrames {
 public:
  // `working_frames`: ascending frames (of the clip) whose working images are wanted: the keyframes.
  // Throws Error(kBadInput) when the file yields fewer frames than the clip has. `readers` may be null.
  static ClipFrames Decode(const Clip& clip,
                           const std::vector<int>& working_frames,
                           const FramesOptions& options,
                           FrameReaders* readers = nullptr);
  // From images at source resolution; for tests.
  static ClipFrames FromImages(const std::vector<ImageU8>& source_rgb,
                               const Clip& clip,
                               const std::vector<int>& working_frames,
                               const FramesOptions& options);

  const Clip& clip() const { return clip_; }
  // Seconds that Decode waited for the decoder.
  double decode_wait_s() const { return decode_wait_s_; }
  int count() const { return static_cast<int>(gray_.size()); }
  int width() const { return width_; }  // Analysis image.
  int height() const { return height_; }

  // Pixels at integer centres: analysis = scale * source + offset, per axis.
  double scale_x() const { return scale_x_; }
  double scale_y() const { return scale_y_; }
  double offset_x_px() const { return 0.5 * scale_x_ - 0.5; }
  double offset_y_px() const { return 0.5 * scale_y_ - 0.5; }
  Box AnalysisFromSource(const Box& box_px) const;
  Box SourceFromAnalysis(const Box& box_px) const;

  // Luma (0.299 R + 0.587 G + 0.114 B) of the analysis image, one channel.
  const ImageU8& Gray(int frame) const { return gray_[frame]; }
  // RGB of the analysis image; colour at half resolution. Computed by each call (about 3 ms).
  ImageU8 Rgb(int frame) const;
  // RGB working image (distorted, as decoded) of a wanted frame; contract error for any other.
  const ImageU8& WorkingRgb(int frame) const;

 private:
  ClipFrames(const Clip& clip, const std::vector<int>& working_frames, const FramesOptions& options);
  void Append(const ImageU8& source_rgb);

  Clip clip_;
  double decode_wait_s_ = 0;
  int width_ = 0, height_ = 0;
  double scale_x_ = 1, scale_y_ = 1;
  std::vector<ImageU8> gray_;
  std::vector<ImageU8> chroma_;  // Two channels (Cr, Cb), half size.
  std::vector<int> working_frames_;
  std::vector<ImageU8> working_rgb_;  // Parallel to working_frames_.
};

}  // namespace foothold
