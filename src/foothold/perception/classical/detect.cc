// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/detect.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/ground_gate.h"
#include "foothold/perception/classical/image_cv.h"
#include "foothold/perception/classical/masks.h"
#include "foothold/perception/classical/pieces.h"
#include "foothold/perception/classical/track_filter.h"

namespace foothold {
namespace {

constexpr int kStride_px = 8;
// Around the picture: a window reaches up to 14 px beyond the feet of its person, who may stand at the
// picture's border.
constexpr int kPadding_px = 16;
constexpr double kLevelScale = 1.05;
constexpr double kSmallestLevels = 1.08;  // The first two levels: the strongest may be one off.
constexpr double kOwnOverlap = 0.4;       // Between windows of one detector.
constexpr double kNeighbourOverlap = 0.6;
// Static camera: where to look.
constexpr int kForegroundShrink = 4;
constexpr int kForegroundLevel = 64;       // Of 255, share of foreground that makes a shrunk pixel count.
constexpr double kMinForeground = 0.1;     // Of a person's box.
constexpr double kSearchLogHeight = 0.35;  // Wider than the gate that follows.
constexpr int kScouts = 32;                // Frames looked at without a gate, to fit it.

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

// Which windows are worth looking at in one frame; without foreground and gate, all.
struct Search {
  const cv::Mat* foreground_sum = nullptr;  // Integral of 0 / 1 at kForegroundShrink of analysis size.
  const GroundGate* gate = nullptr;         // One horizon.

  bool Allows(const Box& box) const {
    if (gate != nullptr && gate->known) {
      const double expected = gate->ExpectedHeight(0, FootY(box));
      if (expected <= 1 || std::abs(std::log(expected / box.height)) > kSearchLogHeight) return false;
    }
    if (foreground_sum == nullptr) return true;
    const cv::Mat& sum = *foreground_sum;
    const int x0 = std::clamp(static_cast<int>(box.x) / kForegroundShrink, 0, sum.cols - 1);
    const int x1 = std::clamp(static_cast<int>(box.x + box.width) / kForegroundShrink + 1, 0, sum.cols - 1);
    const int y0 = std::clamp(static_cast<int>(box.y) / kForegroundShrink, 0, sum.rows - 1);
    const int y1 = std::clamp(static_cast<int>(FootY(box)) / kForegroundShrink + 1, 0, sum.rows - 1);
    const int inside = sum.at<int>(y1, x1) - sum.at<int>(y0, x1) - sum.at<int>(y1, x0) + sum.at<int>(y0, x0);
    return inside > kMinForeground * (x1 - x0) * (y1 - y0);
  }
};

// The person meant by a window at `corner` of the image shrunk by `level`.
Box PersonIn(const Window& window, const cv::Point& corner, double level, double scale) {
  const double to_analysis = level / scale;
  const cv::Size size = window.hog.winSize;
  // Pixel centres: the middle of the detection image's pixels to that of the analysis image's.
  return BoxAround((corner.x + 0.5 * size.width) * to_analysis - 0.5,
                   (corner.y + 0.5 * size.height) * to_analysis - 0.5,
                   size.height * to_analysis * window.person_height);
}

// Disjoint parts of an image of `size` that hold all windows worth looking at. OpenCV shares the
// gradient histograms between windows only when it looks at a whole picture.
std::vector<cv::Rect> SearchedParts(
    const Window& window, const cv::Size& size, double level, double scale, const Search& search) {
  const cv::Rect whole(cv::Point(0, 0), size);
  if (search.foreground_sum == nullptr && search.gate == nullptr) return {whole};
  std::vector<cv::Rect> parts;
  for (int y = -kPadding_px; y + window.hog.winSize.height <= size.height + kPadding_px; y += kStride_px) {
    for (int x = -kPadding_px; x + window.hog.winSize.width <= size.width + kPadding_px; x += kStride_px) {
      if (!search.Allows(PersonIn(window, {x, y}, level, scale))) continue;
      // With the pixels around it that gradients need.
      cv::Rect part(cv::Point(x - kStride_px, y - kStride_px),
                    window.hog.winSize + cv::Size(2 * kStride_px, 2 * kStride_px));
      for (size_t k = 0; k < parts.size();) {
        if ((parts[k] & part).area() > 0) {
          part |= parts[k];
          parts.erase(parts.begin() + static_cast<long>(k));
          k = 0;
        } else {
          ++k;
        }
      }
      parts.push_back(part);
    }
  }
  for (cv::Rect& part : parts) part &= whole;
  return parts;
}

// A part inside the picture holds all its windows.
cv::Size PaddingOf(const cv::Rect& part, const cv::Size& size) {
  const bool at_border =
      part.x == 0 || part.y == 0 || part.x + part.width == size.width || part.y + part.height == size.height;
  return at_border ? cv::Size(kPadding_px, kPadding_px) : cv::Size();
}

// Responses of one level of the image pyramid; only the searched parts are made.
void DetectOnLevel(const Window& window,
                   const cv::Mat& image,
                   double level,
                   double scale,
                   const Search& search,
                   std::vector<Detection>* detections) {
  const cv::Size size(cvRound(image.cols / level), cvRound(image.rows / level));
  for (const cv::Rect& part : SearchedParts(window, size, level, scale, search)) {
    const cv::Rect source = cv::Rect(cvRound(part.x * level),
                                     cvRound(part.y * level),
                                     cvRound(part.width * level),
                                     cvRound(part.height * level)) &
                            cv::Rect(cv::Point(0, 0), image.size());
    cv::Mat shrunk;
    cv::resize(image(source), shrunk, part.size(), 0, 0, cv::INTER_LINEAR);
    std::vector<cv::Point> hits;
    std::vector<double> responses;
    window.hog.detect(shrunk,
                      hits,
                      responses,
                      window.hit_threshold,
                      cv::Size(kStride_px, kStride_px),
                      PaddingOf(part, size));
    for (size_t i = 0; i < hits.size(); ++i) {
      const Box box = PersonIn(window, hits[i] + part.tl(), level, scale);
      if (search.Allows(box)) detections->push_back({box, responses[i]});
    }
  }
}

// `scale`: pixels of `image` per analysis pixel.
std::vector<Detection> Detect(const Window& window,
                              const cv::Mat& image,
                              double scale,
                              const Search& search) {
  std::vector<Detection> windows;
  const cv::Size win_size = window.hog.winSize;
  for (double level = 1; image.cols >= level * win_size.width && image.rows >= level * win_size.height;
       level *= kLevelScale) {
    DetectOnLevel(window, image, level, scale, search, &windows);
  }
  const double smallest_person_px = PersonIn(window, {0, 0}, 1, scale).height;
  std::vector<Detection> people;
  for (const Detection& strongest : SuppressOverlaps(windows, kOwnOverlap)) {
    people.push_back(MeanOfNeighbours(strongest, windows, window.hit_threshold));
    people.back().score /= window.start_response;
    people.back().smallest = strongest.box.height < kSmallestLevels * smallest_person_px;
  }
  return people;
}

// Beyond one and a half times there is nothing new to see.
double ScaleTo(int long_edge_px, int width, int height) {
  return std::min(1.5, static_cast<double>(long_edge_px) / std::max(width, height));
}

cv::Mat Scaled(const ImageU8& rgb, double scale) {
  cv::Mat image;
  cv::resize(AsMat(rgb), image, cv::Size(), scale, scale, scale > 1 ? cv::INTER_LINEAR : cv::INTER_AREA);
  return image;
}

cv::Mat DetectionImage(const ClipFrames& frames, int frame, double scale) {
  return Scaled(frames.Rgb(frame), scale);
}

std::string KeyOf(const FrameDetections& looked_at) {
  return kDetectionKey + std::to_string(looked_at.frame);
}

// Two windows; the whole picture.
void DetectMoving(const ClipFrames& frames,
                  double scale,
                  int threads,
                  Journal* journal,
                  std::vector<FrameDetections>* result) {
  const Window default_window = DefaultWindow(), daimler_window = DaimlerWindow();
  ParallelFor(static_cast<int>(result->size()), threads, [&](int k) {
    (*result)[k].detections = RememberedPiece(journal, KeyOf((*result)[k]), [&] {
      const cv::Mat image = DetectionImage(frames, (*result)[k].frame, scale);
      return FuseDetectors(Detect(default_window, image, scale, {}),
                           Detect(daimler_window, image, scale, {}));
    });
  });
}

std::vector<cv::Mat> ForegroundSums(const ClipFrames& frames, int step, int count) {
  std::vector<cv::Mat> sums(count);
  ForegroundFrames foreground_frames(frames, CameraRegime::kStatic, {}, step);
  for (cv::Mat& sum : sums) {
    const ImageU8 foreground = foreground_frames.Next();
    cv::Mat share;
    cv::resize(AsMat(foreground),
               share,
               cv::Size(frames.width() / kForegroundShrink, frames.height() / kForegroundShrink),
               0,
               0,
               cv::INTER_AREA);
    cv::integral((share > kForegroundLevel) / 255, sum, CV_32S);
  }
  return sums;
}

// One window, only where something differs from the background; and, once a few frames have shown how
// tall people are where, only at those heights.
void DetectStatic(const ClipFrames& frames,
                  double scale,
                  int step,
                  int threads,
                  Journal* journal,
                  std::vector<FrameDetections>* result) {
  const Window window = DefaultWindow();
  const int count = static_cast<int>(result->size());
  const std::vector<cv::Mat> sums = ForegroundSums(frames, step, count);
  const auto look = [&](int k, const GroundGate* gate) {
    const Search search{&sums[k], gate};
    (*result)[k].detections = RememberedPiece(journal, KeyOf((*result)[k]), [&] {
      return Detect(window, DetectionImage(frames, (*result)[k].frame, scale), scale, search);
    });
  };
  const int num_scouts = std::min(count, kScouts);
  const auto scout = [&](int i) { return static_cast<int>(static_cast<int64_t>(i) * count / num_scouts); };
  ParallelFor(num_scouts, threads, [&](int i) { look(scout(i), nullptr); });
  std::vector<FrameDetections> scouted;
  std::vector<bool> done(count, false);
  for (int i = 0; i < num_scouts; ++i) {
    scouted.push_back((*result)[scout(i)]);
    done[scout(i)] = true;
  }
  GroundGateOptions gate_options;
  gate_options.one_horizon = true;
  const GroundGate gate = FitGroundGate(scouted, gate_options);
  ParallelFor(count, threads, [&](int k) {
    if (!done[k]) look(k, &gate);
  });
}

}  // namespace

double DetectionScale(const ClipFrames& frames, CameraRegime regime, const PeopleOptions& options) {
  const int long_edge = regime == CameraRegime::kStatic ? options.static_detection_long_edge_px
                                                        : options.detection_long_edge_px;
  return ScaleTo(long_edge, frames.width(), frames.height());
}

std::vector<Detection> DetectPeopleInPicture(const ImageU8& rgb, int long_edge_px) {
  const double scale = ScaleTo(long_edge_px, rgb.width, rgb.height);
  const cv::Mat image = Scaled(rgb, scale);
  return FuseDetectors(Detect(DefaultWindow(), image, scale, {}), Detect(DaimlerWindow(), image, scale, {}));
}

std::vector<FrameDetections> DetectPeople(const ClipFrames& frames,
                                          CameraRegime regime,
                                          const PeopleOptions& options,
                                          int threads,
                                          Journal* journal) {
  const bool is_static = regime == CameraRegime::kStatic;
  const double rate_hz = is_static ? options.static_detection_rate_hz : options.detection_rate_hz;
  const int step = std::max(1, static_cast<int>(std::lround(frames.clip().frame_rate_hz / rate_hz)));
  const double scale = DetectionScale(frames, regime, options);
  std::vector<FrameDetections> result((frames.count() + step - 1) / step);
  for (size_t k = 0; k < result.size(); ++k) result[k].frame = static_cast<int>(k) * step;
  if (is_static) {
    DetectStatic(frames, scale, step, threads, journal, &result);
  } else {
    DetectMoving(frames, scale, threads, journal, &result);
  }
  return result;
}

}  // namespace foothold
