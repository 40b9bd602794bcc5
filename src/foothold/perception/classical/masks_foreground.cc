// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <opencv2/calib3d.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>
#include <opencv2/video/tracking.hpp>

#include "foothold/perception/classical/image_cv.h"
#include "foothold/perception/classical/masks.h"
#include "foothold/perception/classical/tracks_klt.h"

namespace foothold {
namespace {

constexpr int kHistory = 500;
constexpr double kVarianceThreshold = 20;
constexpr int kWarmUpStride = 3, kMinWarmUpFrames = 150;
constexpr double kWarmUpRate = 0.01, kRate = 0.0005;
constexpr int kMedianFrames = 41;
constexpr int kNearMedian = 30;            // Of 255, largest of the three colours.
constexpr double kMaxCanvas = 4;           // Times the frame's area, for a rotating camera.
constexpr double kMinAnchorOverlap = 0.6;  // Of the features of an anchor frame still seen.
constexpr int kMinFeatures = 30;

// Homographies from each frame to the middle one, chained over few anchors to keep the drift low.
class Stabilizer {
 public:
  Stabilizer(const ClipFrames& frames, const std::vector<PersonTrack>& people)
      : frames_(frames), people_(people) {
    middle_from_frame_.resize(frames.count());
    const int middle = frames.count() / 2;
    middle_from_frame_[middle] = cv::Mat::eye(3, 3, CV_64F);
    Chain(middle, +1);
    Chain(middle, -1);
  }
  // Empty matrices where the chain broke.
  const std::vector<cv::Mat>& middle_from_frame() const { return middle_from_frame_; }

 private:
  void Chain(int from, int direction) {
    int anchor = from;
    std::vector<cv::Point2f> anchor_points = Features(anchor), points = anchor_points;
    size_t anchor_count = anchor_points.size();
    for (int frame = from + direction; frame >= 0 && frame < frames_.count(); frame += direction) {
      Follow(frame - direction, frame, &anchor_points, &points);
      if (static_cast<int>(points.size()) < kMinFeatures) return;
      const cv::Mat anchor_from_frame = cv::findHomography(points, anchor_points, cv::RANSAC, 1.5);
      if (anchor_from_frame.empty()) return;
      middle_from_frame_[frame] = middle_from_frame_[anchor] * anchor_from_frame;
      if (static_cast<double>(points.size()) < kMinAnchorOverlap * static_cast<double>(anchor_count)) {
        anchor = frame;
        anchor_points = Features(anchor);
        points = anchor_points;
        anchor_count = anchor_points.size();
      }
    }
  }

  std::vector<cv::Point2f> Features(int frame) const {
    const cv::Mat gray = AsMat(frames_.Gray(frame));
    cv::Mat allowed(gray.size(), CV_8U, cv::Scalar(255));
    for (const PersonTrack& person : people_) {
      const Box* box = BoxAt(person, frame);
      if (box == nullptr) continue;
      const Box grown = frames_.AnalysisFromSource(GrownBox(*box, 0.15));
      cv::rectangle(allowed, cv::Rect2f(grown.x, grown.y, grown.width, grown.height), cv::Scalar(0), -1);
    }
    std::vector<cv::Point2f> points;
    cv::goodFeaturesToTrack(gray, points, 600, 0.005, 12, allowed);
    return points;
  }

  void Follow(int from,
              int to,
              std::vector<cv::Point2f>* anchor_points,
              std::vector<cv::Point2f>* points) const {
    if (points->empty()) return;
    std::vector<cv::Point2f> next, back;
    std::vector<uchar> ok_next, ok_back;
    const cv::Mat a = AsMat(frames_.Gray(from)), b = AsMat(frames_.Gray(to));
    cv::calcOpticalFlowPyrLK(a, b, *points, next, ok_next, cv::noArray(), {15, 15}, 3);
    cv::calcOpticalFlowPyrLK(b, a, next, back, ok_back, cv::noArray(), {15, 15}, 3);
    size_t kept = 0;
    for (size_t i = 0; i < points->size(); ++i) {
      const cv::Point2f error = back[i] - (*points)[i];
      if (!ok_next[i] || !ok_back[i] || error.dot(error) > 0.25f) continue;
      (*anchor_points)[kept] = (*anchor_points)[i];
      (*points)[kept++] = next[i];
    }
    anchor_points->resize(kept);
    points->resize(kept);
  }

  const ClipFrames& frames_;
  const std::vector<PersonTrack>& people_;
  std::vector<cv::Mat> middle_from_frame_;
};

}  // namespace

struct ForegroundFrames::Impl {
  const ClipFrames& frames;
  bool stabilized;
  std::vector<cv::Mat> canvas_from_frame;  // Rotating camera only; empty where unknown.
  cv::Mat canvas;                          // What each place looked like when last seen.
  cv::Ptr<cv::BackgroundSubtractorMOG2> model =
      cv::createBackgroundSubtractorMOG2(kHistory, kVarianceThreshold, /*detectShadows=*/true);
  int next = 0, step = 1;

  Impl(const ClipFrames& frames_in, bool stabilized_in) : frames(frames_in), stabilized(stabilized_in) {}

  // Places the canvas around all frames that fit kMaxCanvas, nearest to the middle first.
  void LayOut(const std::vector<cv::Mat>& middle_from_frame) {
    const cv::Rect2d own(0, 0, frames.width(), frames.height());
    cv::Rect2d bounds = own;
    canvas_from_frame.resize(frames.count());
    const int middle = frames.count() / 2;
    for (int distance = 0; distance <= frames.count(); ++distance) {
      for (int frame : {middle - distance, middle + distance}) {
        if (frame < 0 || frame >= frames.count() || middle_from_frame[frame].empty()) continue;
        std::vector<cv::Point2d> corners{{0, 0}, {own.width, 0}, {0, own.height}, {own.width, own.height}};
        cv::perspectiveTransform(corners, corners, middle_from_frame[frame]);
        cv::Rect2d grown = bounds;
        for (const cv::Point2d& corner : corners) grown |= cv::Rect2d(corner.x, corner.y, 1e-6, 1e-6);
        if (grown.area() > kMaxCanvas * own.area()) continue;
        bounds = grown;
        canvas_from_frame[frame] = middle_from_frame[frame].clone();
      }
    }
    const cv::Matx33d shift(1, 0, -std::floor(bounds.x), 0, 1, -std::floor(bounds.y), 0, 0, 1);
    for (cv::Mat& homography : canvas_from_frame) {
      if (!homography.empty()) homography = cv::Mat(shift) * homography;
    }
    canvas = cv::Mat::zeros(static_cast<int>(std::ceil(bounds.height)) + 1,
                            static_cast<int>(std::ceil(bounds.width)) + 1,
                            CV_8UC3);
  }

  bool IsKnown(int frame) const { return !stabilized || !canvas_from_frame[frame].empty(); }

  // The frame in the model's pixels.
  cv::Mat ModelImage(int frame) {
    ImageU8 rgb = frames.Rgb(frame);
    const cv::Mat image = AsMat(rgb);
    if (!stabilized) return image.clone();  // `rgb` ends here.
    cv::Mat warped, seen;
    cv::warpPerspective(image, warped, canvas_from_frame[frame], canvas.size(), cv::INTER_LINEAR);
    cv::warpPerspective(cv::Mat(image.size(), CV_8U, cv::Scalar(255)),
                        seen,
                        canvas_from_frame[frame],
                        canvas.size(),
                        cv::INTER_LINEAR);
    warped.copyTo(canvas, seen == 255);
    return canvas;
  }

  // Foreground of a frame as the model has it, in the model's pixels.
  cv::Mat Apply(int frame, double rate) {
    cv::Mat mask;
    model->apply(ModelImage(frame), mask, rate);
    return mask;
  }

  // Learns how the background flickers, from pixels near the median only: someone who stands still for
  // a third of a short clip must not become background.
  void WarmUp() {
    const cv::Mat median = MedianImage();
    int applied = 0;
    while (applied < kMinWarmUpFrames) {
      const int before = applied;
      for (int frame = 0; frame < frames.count(); frame += kWarmUpStride) {
        if (!IsKnown(frame)) continue;
        cv::Mat image = ModelImage(frame).clone(), mask;
        median.copyTo(image, FarFrom(median, image));
        model->apply(image, mask, kWarmUpRate);
        ++applied;
      }
      if (applied == before) return;
    }
  }

  static cv::Mat FarFrom(const cv::Mat& median, const cv::Mat& image) {
    cv::Mat difference, channels[3];
    cv::absdiff(image, median, difference);
    cv::split(difference, channels);
    cv::max(channels[0], channels[1], channels[0]);
    cv::max(channels[0], channels[2], channels[0]);
    return channels[0] > kNearMedian;
  }

  cv::Mat MedianImage() {
    std::vector<int> sampled;
    const int stride = std::max(1, frames.count() / kMedianFrames);
    for (int frame = 0; frame < frames.count(); frame += stride) {
      if (IsKnown(frame)) sampled.push_back(frame);
    }
    // A turning camera has to see every place once before the median of any makes sense.
    if (stabilized) {
      for (int frame : sampled) ModelImage(frame);
    }
    std::vector<cv::Mat> images;
    for (int frame : sampled) images.push_back(ModelImage(frame).clone());
    if (images.empty()) return {};
    cv::Mat median(images[0].size(), CV_8UC3);
    std::vector<uint8_t> values(images.size());
    for (size_t p = 0; p < 3 * median.total(); ++p) {
      for (size_t i = 0; i < images.size(); ++i) values[i] = images[i].data[p];
      std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
      median.data[p] = values[values.size() / 2];
    }
    return median;
  }
};

ForegroundFrames::ForegroundFrames(const ClipFrames& frames,
                                   CameraRegime regime,
                                   const std::vector<PersonTrack>& people,
                                   int step)
    : impl_(std::make_unique<Impl>(frames, regime == CameraRegime::kRotation)) {
  if (impl_->stabilized) impl_->LayOut(Stabilizer(frames, people).middle_from_frame());
  impl_->step = step;
  impl_->WarmUp();
}

ForegroundFrames::~ForegroundFrames() = default;

ImageU8 ForegroundFrames::Next() {
  const int frame = impl_->next;
  impl_->next += impl_->step;
  if (!impl_->IsKnown(frame)) return {};
  cv::Mat raw = impl_->Apply(frame, kRate);
  if (impl_->stabilized) {
    cv::Mat own;
    cv::warpPerspective(raw,
                        own,
                        impl_->canvas_from_frame[frame],
                        cv::Size(impl_->frames.width(), impl_->frames.height()),
                        cv::INTER_NEAREST | cv::WARP_INVERSE_MAP);
    raw = own;
  }
  cv::Mat solid = raw == kForeground;
  cv::morphologyEx(solid, solid, cv::MORPH_OPEN, cv::Mat::ones(3, 3, CV_8U));
  cv::morphologyEx(solid, solid, cv::MORPH_CLOSE, cv::Mat::ones(7, 5, CV_8U));
  ImageU8 foreground(raw.cols, raw.rows, 1, kBackground);
  cv::Mat view = AsMat(foreground);
  view.setTo(kShadow, raw == kShadow);
  view.setTo(kForeground, solid);
  return foreground;
}

}  // namespace foothold
