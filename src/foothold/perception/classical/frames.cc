// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/frames.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/perception/classical/image_cv.h"

namespace foothold {

const OptionTable& FramesOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<FramesOptions>("classical_frames", "Frame size of the classical perception.")
          .Add("analysis_long_edge_px",
               &FramesOptions::analysis_long_edge_px,
               320,
               3840,
               "Frames are shrunk to this long edge before anything looks at them.")
          .Build();
  return table;
}

ClipFrames::ClipFrames(const Clip& clip, const std::vector<int>& working_frames, const FramesOptions& options)
    : clip_(clip), working_frames_(working_frames) {
  const int source_width = clip.working_from_source.source_width;
  const int source_height = clip.working_from_source.source_height;
  const int long_edge = std::max(source_width, source_height);
  FOOTHOLD_CHECK(long_edge > 0, "clip without an image size");
  FOOTHOLD_CHECK(std::is_sorted(working_frames_.begin(), working_frames_.end()),
                 "working frames must be ascending");
  const double shrink = std::min(1.0, static_cast<double>(options.analysis_long_edge_px) / long_edge);
  width_ = std::max(1, static_cast<int>(std::lround(source_width * shrink)));
  height_ = std::max(1, static_cast<int>(std::lround(source_height * shrink)));
  scale_x_ = static_cast<double>(width_) / source_width;
  scale_y_ = static_cast<double>(height_) / source_height;
}

void ClipFrames::Append(const ImageU8& source_rgb) {
  const int frame = count();
  const cv::Mat source = AsMat(source_rgb);
  cv::Mat rgb = source, ycrcb;
  if (source.cols != width_ || source.rows != height_) {
    cv::resize(source, rgb, cv::Size(width_, height_), 0, 0, cv::INTER_AREA);
  }
  cv::cvtColor(rgb, ycrcb, cv::COLOR_RGB2YCrCb);
  ImageU8 gray(width_, height_, 1);
  cv::Mat gray_view = AsMat(gray);
  cv::extractChannel(ycrcb, gray_view, 0);
  cv::Mat crcb(height_, width_, CV_8UC2);
  const int channels[] = {1, 0, 2, 1};
  cv::mixChannels(&ycrcb, 1, &crcb, 1, channels, 2);
  ImageU8 chroma((width_ + 1) / 2, (height_ + 1) / 2, 2);
  cv::Mat chroma_view = AsMat(chroma);
  cv::resize(crcb, chroma_view, chroma_view.size(), 0, 0, cv::INTER_AREA);
  gray_.push_back(std::move(gray));
  chroma_.push_back(std::move(chroma));
  if (std::binary_search(working_frames_.begin(), working_frames_.end(), frame)) {
    working_rgb_.push_back(ToWorkingImage(source_rgb, clip_.working_from_source));
  }
}

ClipFrames ClipFrames::Decode(const Clip& clip,
                              const std::vector<int>& working_frames,
                              const FramesOptions& options,
                              FrameReaders* readers) {
  cv::setNumThreads(1);  // Some algorithms change their results with the number of threads.
  ClipFrames frames(clip, working_frames, options);
  std::unique_ptr<FrameReader> reader =
      readers != nullptr ? readers->Take(clip) : std::make_unique<FrameReader>(clip);
  ImageU8 source_rgb;
  while (reader->Next(&source_rgb)) frames.Append(source_rgb);
  frames.decode_wait_s_ = reader->waited_s();
  if (readers != nullptr) readers->Return(std::move(reader), clip);
  return frames;
}

ClipFrames ClipFrames::FromImages(const std::vector<ImageU8>& source_rgb,
                                  const Clip& clip,
                                  const std::vector<int>& working_frames,
                                  const FramesOptions& options) {
  cv::setNumThreads(1);
  ClipFrames frames(clip, working_frames, options);
  for (const ImageU8& image : source_rgb) frames.Append(image);
  return frames;
}

Box ClipFrames::AnalysisFromSource(const Box& box_px) const {
  return {static_cast<float>(box_px.x * scale_x_ + offset_x_px()),
          static_cast<float>(box_px.y * scale_y_ + offset_y_px()),
          static_cast<float>(box_px.width * scale_x_),
          static_cast<float>(box_px.height * scale_y_)};
}

Box ClipFrames::SourceFromAnalysis(const Box& box_px) const {
  return {static_cast<float>((box_px.x - offset_x_px()) / scale_x_),
          static_cast<float>((box_px.y - offset_y_px()) / scale_y_),
          static_cast<float>(box_px.width / scale_x_),
          static_cast<float>(box_px.height / scale_y_)};
}

ImageU8 ClipFrames::Rgb(int frame) const {
  cv::Mat crcb;
  cv::resize(AsMat(chroma_[frame]), crcb, cv::Size(width_, height_), 0, 0, cv::INTER_LINEAR);
  cv::Mat ycrcb(height_, width_, CV_8UC3);
  const cv::Mat planes[] = {AsMat(gray_[frame]), crcb};
  const int channels[] = {0, 0, 1, 1, 2, 2};
  cv::mixChannels(planes, 2, &ycrcb, 1, channels, 3);
  ImageU8 rgb(width_, height_, 3);
  cv::Mat view = AsMat(rgb);
  cv::cvtColor(ycrcb, view, cv::COLOR_YCrCb2RGB);
  return rgb;
}

const ImageU8& ClipFrames::WorkingRgb(int frame) const {
  const auto at = std::lower_bound(working_frames_.begin(), working_frames_.end(), frame);
  FOOTHOLD_CHECK(at != working_frames_.end() && *at == frame,
                 "no working image was kept of frame " + std::to_string(frame));
  return working_rgb_[at - working_frames_.begin()];
}

}  // namespace foothold
