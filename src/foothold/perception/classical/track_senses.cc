// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track_senses.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

#include "foothold/perception/classical/image_cv.h"

namespace foothold {
namespace {

constexpr int kMaxWindow_px = 31;
constexpr int kPyramidLevels = 3;
constexpr int kMinCorners = 5, kMaxCorners = 25;

// Part of a box, as shares of its width and height, cut at the image border; may be empty.
cv::Rect PartOf(const Box& box, double left, double right, double top, double bottom, const cv::Size& size) {
  const int x0 = std::max(0, static_cast<int>(std::floor(box.x + left * box.width)));
  const int x1 = std::min(size.width, static_cast<int>(std::floor(box.x + right * box.width)));
  const int y0 = std::max(0, static_cast<int>(std::floor(box.y + top * box.height)));
  const int y1 = std::min(size.height, static_cast<int>(std::floor(box.y + bottom * box.height)));
  return {x0, y0, std::max(0, x1 - x0), std::max(0, y1 - y0)};
}

float MedianOfChannel(const cv::Mat& image, int channel) {
  int histogram[256] = {};
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) ++histogram[image.at<cv::Vec3b>(y, x)[channel]];
  }
  const int half = (image.rows * image.cols + 1) / 2;
  int value = 0;
  for (int below = histogram[0]; below < half; below += histogram[++value]) {
  }
  return static_cast<float>(value);
}

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

BoxMotion MotionOf(const std::vector<cv::Point2f>& from, const std::vector<cv::Point2f>& to, const Box& box) {
  std::vector<double> dx, dy, y;
  for (size_t i = 0; i < from.size(); ++i) {
    dx.push_back(to[i].x - from[i].x);
    dy.push_back(to[i].y - from[i].y);
    y.push_back(from[i].y);
  }
  return {MedianOf(std::move(dx)), MedianOf(std::move(dy)), FootY(box) - MedianOf(std::move(y))};
}

}  // namespace

Appearance TorsoColors(const ImageU8& rgb, const Box& box) {
  const cv::Mat image = AsMat(rgb);
  const cv::Rect part = PartOf(box, 0.2, 0.8, 0.15, 0.55, image.size());
  if (part.area() == 0) return {};
  cv::Mat hsv;
  cv::cvtColor(image(part), hsv, cv::COLOR_RGB2HSV);
  Appearance share(8 * 4 * 4, 0.0f);
  for (int y = 0; y < hsv.rows; ++y) {
    for (int x = 0; x < hsv.cols; ++x) {
      const cv::Vec3b& pixel = hsv.at<cv::Vec3b>(y, x);  // Hue is 0 .. 179.
      ++share[(pixel[0] * 8 / 180 * 4 + pixel[1] / 64) * 4 + pixel[2] / 64];
    }
  }
  for (float& value : share) value /= static_cast<float>(part.area());
  return share;
}

std::optional<ClothesBands> MeasureClothes(const ImageU8& rgb, const Box& box) {
  constexpr double kBands[3][2] = {{0.12, 0.32}, {0.32, 0.52}, {0.55, 0.8}};
  const cv::Mat image = AsMat(rgb);
  ClothesBands bands{};
  for (int band = 0; band < 3; ++band) {
    const cv::Rect part = PartOf(box, 0.25, 0.75, kBands[band][0], kBands[band][1], image.size());
    if (part.area() == 0) return std::nullopt;
    cv::Mat lab;
    cv::cvtColor(image(part), lab, cv::COLOR_RGB2Lab);
    for (int c = 0; c < 3; ++c) bands[3 * band + c] = MedianOfChannel(lab, c);
  }
  return bands;
}

struct TorsoFlow::Impl {
  struct Pyramid {
    int frame = -1;
    std::vector<cv::Mat> levels;
  };
  const ClipFrames& frames;
  Pyramid kept[2];

  explicit Impl(const ClipFrames& frames_in) : frames(frames_in) {}

  // Of `frame`; the other one kept is that of `neighbour`, if it is there already.
  const std::vector<cv::Mat>& Levels(int frame, int neighbour) {
    for (const Pyramid& pyramid : kept) {
      if (pyramid.frame == frame) return pyramid.levels;
    }
    Pyramid& free = kept[kept[0].frame == neighbour ? 1 : 0];
    free.frame = frame;
    free.levels.clear();
    cv::buildOpticalFlowPyramid(
        AsMat(frames.Gray(frame)), free.levels, {kMaxWindow_px, kMaxWindow_px}, kPyramidLevels);
    return free.levels;
  }
};

TorsoFlow::TorsoFlow(const ClipFrames& frames) : impl_(std::make_unique<Impl>(frames)) {}
TorsoFlow::~TorsoFlow() = default;

std::optional<BoxMotion> TorsoFlow::Motion(int from_frame, int to_frame, const Box& box) {
  const cv::Mat image = AsMat(impl_->frames.Gray(from_frame));
  const cv::Rect torso = PartOf(box, 0.2, 0.8, 0.05, 0.6, image.size());
  if (torso.width < 6 || torso.height < 6) return std::nullopt;
  std::vector<cv::Point2f> from, to, back;
  cv::goodFeaturesToTrack(image(torso), from, kMaxCorners, 0.01, 3);
  if (static_cast<int>(from.size()) < kMinCorners) return std::nullopt;
  for (cv::Point2f& point : from)
    point += cv::Point2f(static_cast<float>(torso.x), static_cast<float>(torso.y));

  const std::vector<cv::Mat>& a = impl_->Levels(from_frame, to_frame);
  const std::vector<cv::Mat>& b = impl_->Levels(to_frame, from_frame);
  const int side = static_cast<int>(std::clamp(0.55 * box.height / 4, 9.0, 31.0)) | 1;
  const cv::Size window(side, side);
  std::vector<uchar> ok_to, ok_back;
  cv::calcOpticalFlowPyrLK(a, b, from, to, ok_to, cv::noArray(), window, kPyramidLevels);
  cv::calcOpticalFlowPyrLK(b, a, to, back, ok_back, cv::noArray(), window, kPyramidLevels);
  size_t kept = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const cv::Point2f error = back[i] - from[i];
    if (!ok_to[i] || !ok_back[i] || error.dot(error) >= 1) continue;
    from[kept] = from[i];
    to[kept++] = to[i];
  }
  from.resize(kept);
  to.resize(kept);
  if (static_cast<int>(kept) < kMinCorners) return std::nullopt;
  return MotionOf(from, to, box);
}

}  // namespace foothold
