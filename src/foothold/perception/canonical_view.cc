// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/canonical_view.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr double kConfidenceBase = 0.999;  // So that a confidence of 1 keeps a weight of 0.001.
constexpr double kMinDistance = 1e-8;
constexpr int kFocalIterations = 10;

int AnchorCoordinate(int pixel) { return pixel / kAnchorBlock_px * kAnchorBlock_px + kAnchorOffset_px; }

void CheckInputs(const std::vector<ImageF>& pointmaps, const std::vector<ImageF>& confidences) {
  FOOTHOLD_CHECK(!pointmaps.empty() && pointmaps.size() == confidences.size(),
                 "one confidence image per pointmap");
  const ImageF& first = pointmaps.front();
  FOOTHOLD_CHECK(first.width % kAnchorBlock_px == 0 && first.height % kAnchorBlock_px == 0,
                 "sides must be multiples of 8");
  for (size_t k = 0; k < pointmaps.size(); ++k) {
    const bool fits = pointmaps[k].channels == 3 && pointmaps[k].width == first.width &&
                      pointmaps[k].height == first.height && confidences[k].width == first.width &&
                      confidences[k].height == first.height && confidences[k].channels == 1;
    FOOTHOLD_CHECK(fits, "pointmaps differ in size");
  }
}

// Depth slope of one prediction from the anchor (ax, ay) to the pixel.
struct Slope {
  double angle_rad = 0, lateral_m = 0;
};
Slope SlopeFromAnchor(const ImageF& pointmap, int x, int y, int ax, int ay) {
  const double dx = static_cast<double>(pointmap.At(x, y, 0)) - pointmap.At(ax, ay, 0);
  const double dy = static_cast<double>(pointmap.At(x, y, 1)) - pointmap.At(ax, ay, 1);
  const double anchor_z = std::max(static_cast<double>(pointmap.At(ax, ay, 2)), kMinDistance);
  Slope slope;
  slope.lateral_m = std::max(std::hypot(dx, dy), kMinDistance);
  slope.angle_rad = std::atan((pointmap.At(x, y, 2) - anchor_z) / slope.lateral_m);
  return slope;
}

double RelativeDepth(const std::vector<ImageF>& pointmaps,
                     const std::vector<ImageF>& confidences,
                     double mean_anchor_z,
                     int x,
                     int y) {
  const int ax = AnchorCoordinate(x), ay = AnchorCoordinate(y);
  double angle = 0, weight_sum = 0, lateral = 0;
  for (size_t k = 0; k < pointmaps.size(); ++k) {
    const Slope slope = SlopeFromAnchor(pointmaps[k], x, y, ax, ay);
    const double weight = confidences[k].At(x, y) - kConfidenceBase;
    angle += weight * slope.angle_rad;
    weight_sum += weight;
    lateral += slope.lateral_m / static_cast<double>(pointmaps.size());
  }
  return 1 + lateral * std::tan(angle / weight_sum) / mean_anchor_z;
}

// Pixel from the centre, and x / z, y / z, of the pixels that have a direction.
struct FocalSample {
  Vec2d pixel, direction;
};
std::vector<FocalSample> FocalSamples(const ImageF& pointmap) {
  std::vector<FocalSample> samples;
  for (int y = 0; y < pointmap.height; ++y) {
    for (int x = 0; x < pointmap.width; ++x) {
      const double z = pointmap.At(x, y, 2);
      Vec2d direction{pointmap.At(x, y, 0) / z, pointmap.At(x, y, 1) / z};
      if (!std::isfinite(direction[0])) direction[0] = 0;
      if (!std::isfinite(direction[1])) direction[1] = 0;
      samples.push_back({{x - pointmap.width / 2.0, y - pointmap.height / 2.0}, direction});
    }
  }
  return samples;
}

}  // namespace

CanonicalView MakeCanonicalView(const std::vector<ImageF>& pointmaps,
                                const std::vector<ImageF>& confidences) {
  CheckInputs(pointmaps, confidences);
  const int width = pointmaps.front().width, height = pointmaps.front().height;
  CanonicalView view;
  view.mean_pointmap_m = ImageF(width, height, 3);
  view.confidence = ImageF(width, height);
  view.relative_depth = ImageF(width, height);
  Image<double> mean_z(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      double sum = 0, squares = 0;
      Vec3d point = Vec3d::Zero();
      for (size_t k = 0; k < pointmaps.size(); ++k) {
        const double weight = confidences[k].At(x, y) - kConfidenceBase;
        sum += weight;
        squares += weight * weight;
        for (int c = 0; c < 3; ++c) point[c] += weight * pointmaps[k].At(x, y, c);
      }
      for (int c = 0; c < 3; ++c) view.mean_pointmap_m.At(x, y, c) = static_cast<float>(point[c] / sum);
      mean_z.At(x, y) = point[2] / sum;
      view.confidence.At(x, y) = static_cast<float>(squares / sum);
    }
  }
  for (int y = kAnchorOffset_px; y < height; y += kAnchorBlock_px) {
    for (int x = kAnchorOffset_px; x < width; x += kAnchorBlock_px)
      view.core_depth_m.push_back(mean_z.At(x, y));
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double anchor_z = mean_z.At(AnchorCoordinate(x), AnchorCoordinate(y));
      view.relative_depth.At(x, y) =
          static_cast<float>(RelativeDepth(pointmaps, confidences, anchor_z, x, y));
    }
  }
  return view;
}

AnchoredPixel AnchorOf(const ImageF& relative_depth, int x, int y) {
  FOOTHOLD_CHECK(relative_depth.Contains(x, y), "pixel outside the image");
  AnchoredPixel pixel;
  pixel.anchor = y / kAnchorBlock_px * (relative_depth.width / kAnchorBlock_px) + x / kAnchorBlock_px;
  pixel.offset = static_cast<double>(relative_depth.At(x, y)) /
                 relative_depth.At(AnchorCoordinate(x), AnchorCoordinate(y));
  return pixel;
}

double EstimateFocal_px(const ImageF& pointmap) {
  FOOTHOLD_CHECK(pointmap.channels == 3 && !pointmap.empty(), "a pointmap has three channels");
  const std::vector<FocalSample> samples = FocalSamples(pointmap);
  double focal = 0;
  for (int iteration = 0; iteration <= kFocalIterations; ++iteration) {
    double numerator = 0, denominator = 0;
    for (const FocalSample& sample : samples) {
      // The first estimate is plain least squares.
      const double distance = iteration == 0 ? 1 : Norm(sample.pixel - focal * sample.direction);
      const double weight = 1 / std::max(distance, kMinDistance);
      numerator += weight * Dot(sample.pixel, sample.direction);
      denominator += weight * SquaredNorm(sample.direction);
    }
    if (!(denominator > 0)) break;  // Every point on the optical axis: the limit below decides.
    focal = numerator / denominator;
  }
  const double base = std::max(pointmap.width, pointmap.height) / (2 * std::tan(std::numbers::pi / 6));
  return std::clamp(focal, 0.5 * base, 3.5 * base);
}

double LowerMedian(std::vector<double> values) {
  FOOTHOLD_CHECK(!values.empty(), "median of nothing");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace foothold
