// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/detect.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/image_cv.h"
#include "foothold/perception/classical/track_filter.h"

namespace foothold {
namespace {

constexpr int kStride_px = 8;
constexpr double kLevelScale = 1.05;
constexpr double kOwnOverlap = 0.4;  // Between windows of one detector.
constexpr double kNeighbourOverlap = 0.6;

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

Box BoxAround(double x, double y, double height) {
  const double width = kPersonBoxAspect * height;
  return {static_cast<float>(x - 0.5 * width),
          static_cast<float>(y - 0.5 * height),
          static_cast<float>(width),
          static_cast<float>(height)};
}

// Windows come on a coarse grid (8 % of the height); the mean of those around the strongest, by their
// responses over the threshold, is finer.
Detection MeanOfNeighbours(const Detection& strongest,
                           const std::vector<Detection>& windows,
                           double hit_threshold) {
  double weight_sum = 0, x = 0, y = 0, log_height = 0;
  for (const Detection& window : windows) {
    if (IntersectionOverUnion(window.box, strongest.box) < kNeighbourOverlap) continue;
    const double weight = std::pow(window.score - hit_threshold + 1e-6, 2);
    weight_sum += weight;
    x += weight * CentreX(window.box);
    y += weight * (window.box.y + 0.5 * window.box.height);
    log_height += weight * std::log(window.box.height);
  }
  return {BoxAround(x / weight_sum, y / weight_sum, std::exp(log_height / weight_sum)), strongest.score};
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
    detections.push_back({BoxAround(x, y, height), responses[i]});
  }
  std::vector<Detection> people;
  for (const Detection& strongest : SuppressOverlaps(detections, kOwnOverlap)) {
    people.push_back(MeanOfNeighbours(strongest, detections, window.hit_threshold));
    people.back().score /= window.start_response;
  }
  return people;
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
