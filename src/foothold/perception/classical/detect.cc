// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/detect.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/image_cv.h"

namespace foothold {
namespace {

constexpr int kStride_px = 8;
constexpr double kLevelScale = 1.05;
constexpr double kOwnOverlap = 0.4;  // Between windows of one detector.
constexpr double kBoxAspect = 0.42;  // Width of a person over the height.

// A linear classifier on gradient histograms, and what its window means.
struct Window {
  cv::HOGDescriptor hog;
  double hit_threshold;   // Of the raw response, low: the tracker has its own thresholds.
  double start_response;  // Raw response that counts as score 1.
  double person_height;   // Head to foot, share of the window's height.
};

Window DefaultWindow() {
  Window window{cv::HOGDescriptor(), -0.2, 0.5, 0.78};
  window.hog.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
  return window;
}

Window DaimlerWindow() {
  Window window{cv::HOGDescriptor({48, 96}, {16, 16}, {8, 8}, {8, 8}, 9), 0.3, 1.5, 0.85};
  window.hog.setSVMDetector(cv::HOGDescriptor::getDaimlerPeopleDetector());
  return window;
}

// `scale`: pixels of `image` per analysis pixel.
std::vector<Detection> Detect(const Window& window, const cv::Mat& image, double scale) {
  std::vector<cv::Rect> rects;
  std::vector<double> responses;
  window.hog.detectMultiScale(image,
                              rects,
                              responses,
                              window.hit_threshold,
                              cv::Size(kStride_px, kStride_px),
                              cv::Size(kStride_px, kStride_px),
                              kLevelScale,
                              /*finalThreshold=*/0,
                              /*useMeanshiftGrouping=*/false);
  std::vector<Detection> detections;
  for (size_t i = 0; i < rects.size(); ++i) {
    const double height = rects[i].height / scale * window.person_height;
    const double x = (rects[i].x + 0.5 * rects[i].width) / scale + 0.5 / scale - 0.5;
    const double y = (rects[i].y + 0.5 * rects[i].height) / scale + 0.5 / scale - 0.5;
    Detection detection;
    detection.box = {static_cast<float>(x - 0.5 * kBoxAspect * height),
                     static_cast<float>(y - 0.5 * height),
                     static_cast<float>(kBoxAspect * height),
                     static_cast<float>(height)};
    detection.score = responses[i] / window.start_response;
    detections.push_back(detection);
  }
  return SuppressOverlaps(std::move(detections), kOwnOverlap);
}

}  // namespace

double DetectionScale(const ClipFrames& frames, CameraRegime regime, const PeopleOptions& options) {
  const int long_edge = regime == CameraRegime::kStatic ? options.static_detection_long_edge_px
                                                        : options.detection_long_edge_px;
  // Beyond one and a half times there is nothing new to see.
  return std::min(1.5, static_cast<double>(long_edge) / std::max(frames.width(), frames.height()));
}

std::vector<FrameDetections> DetectPeople(const ClipFrames& frames,
                                          CameraRegime regime,
                                          const PeopleOptions& options,
                                          int threads) {
  const bool is_static = regime == CameraRegime::kStatic;
  const double rate_hz = is_static ? options.static_detection_rate_hz : options.detection_rate_hz;
  const int step = std::max(1, static_cast<int>(std::lround(frames.clip().frame_rate_hz / rate_hz)));
  const double scale = DetectionScale(frames, regime, options);
  const Window default_window = DefaultWindow(), daimler_window = DaimlerWindow();
  std::vector<FrameDetections> result((frames.count() + step - 1) / step);
  ParallelFor(static_cast<int>(result.size()), threads, [&](int k) {
    result[k].frame = k * step;
    ImageU8 rgb = frames.Rgb(result[k].frame);
    cv::Mat image = AsMat(rgb);
    if (scale != 1) {
      cv::resize(image, image, cv::Size(), scale, scale, scale > 1 ? cv::INTER_LINEAR : cv::INTER_AREA);
    }
    std::vector<Detection> by_default = Detect(default_window, image, scale);
    if (is_static) {
      result[k].detections = std::move(by_default);
    } else {
      result[k].detections = FuseDetectors(std::move(by_default), Detect(daimler_window, image, scale));
    }
  });
  return result;
}

}  // namespace foothold
