// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/support_surface.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace foothold {
namespace {

constexpr int kMaxSamplesPerSide = 24;  // Of a search window.
constexpr int kFewestSamples = 20;
constexpr int kMaxSurfaces = 4;
constexpr double kMinShare = 0.08;
constexpr double kHeightBandwidth = 0.025;  // Of the height below the camera.
constexpr double kPlaneTolerance = 0.015;   // Relative error of the inverse depth on one surface.
constexpr double kSlopePrior = 0.02;        // Weight of being level, against all pixels.
constexpr double kMaxTiltCosine = 0.82;     // 35 degrees.

struct Sample {
  Eigen::Vector3d row;  // (u - c_x, v - c_y, 1)
  double inverse_depth;
  double height;  // Along up, of the unscaled point.
  double weight;
};

std::vector<Sample> CollectSamples(const Keyframe& keyframe,
                                   const Pinholed& pinhole,
                                   const Vec2d& pixel,
                                   const SurfaceSearch& search,
                                   double radius_px) {
  const ImageF& depth = keyframe.depth_m;
  const int step = std::max(1, static_cast<int>(std::ceil(2 * radius_px / kMaxSamplesPerSide)));
  const int x0 = std::max(0, static_cast<int>(std::floor(pixel[0] - radius_px)));
  const int x1 = std::min(depth.width - 1, static_cast<int>(std::ceil(pixel[0] + radius_px)));
  const int y0 = std::max(0, static_cast<int>(std::floor(pixel[1] - radius_px)));
  const int y1 = std::min(depth.height - 1, static_cast<int>(std::ceil(pixel[1] + radius_px)));
  std::vector<Sample> samples;
  for (int y = y0; y <= y1; y += step) {
    for (int x = x0; x <= x1; x += step) {
      const double confidence = keyframe.confidence.At(x, y);
      const double d = depth.At(x, y);
      if (!(confidence > search.min_confidence) || !(d > 1e-6) || !(d < 1e6)) continue;
      const double dx = (x - pixel[0]) / radius_px, dy = (y - pixel[1]) / radius_px;
      Sample sample;
      sample.row = {x - pinhole.center_x_px, y - pinhole.center_y_px, 1};
      sample.inverse_depth = 1 / d;
      sample.height = d * Dot(search.up_in_cam, Unproject(pinhole, Vec2d{double(x), double(y)}));
      sample.weight = confidence * std::exp(-2 * (dx * dx + dy * dy));
      samples.push_back(sample);
    }
  }
  return samples;
}

// Refines a level plane on its own pixels; falls back to it when they do not determine a slope.
Eigen::Vector3d RefinePlane(const std::vector<Sample>& samples,
                            const Eigen::Vector3d& level,
                            double radius_px,
                            const Vec2d& center) {
  Eigen::Vector3d plane = level;
  for (int round = 0; round < 4; ++round) {
    Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
    Eigen::Vector3d right = Eigen::Vector3d::Zero();
    double total = 0;
    for (const Sample& sample : samples) {
      const double error =
          (sample.row.dot(plane) - sample.inverse_depth) / (kPlaneTolerance * sample.inverse_depth);
      if (std::abs(error) > 3) continue;
      const double weight = sample.weight / (1 + error * error);
      normal += weight * sample.row * sample.row.transpose();
      right += weight * (sample.inverse_depth - sample.row.dot(level)) * sample.row;
      total += weight;
    }
    if (!(total > 0)) break;
    // Slopes are measured over the window; the centre's height is free.
    const double slope = kSlopePrior * total * radius_px * radius_px;
    const Eigen::Vector3d middle(center[0], center[1], 1);
    normal(0, 0) += slope;
    normal(1, 1) += slope;
    normal += 1e-6 * total * middle * middle.transpose();
    const Eigen::Vector3d change = Eigen::LDLT<Eigen::Matrix3d>(normal).solve(right);
    if (!change.allFinite()) break;
    plane = level + change;
  }
  return plane;
}

// Density of heights at each sample under an Epanechnikov kernel.
std::vector<double> HeightDensity(const std::vector<Sample>& samples, double bandwidth) {
  std::vector<double> density(samples.size(), 0.0);
  for (size_t i = 0; i < samples.size(); ++i) {
    for (const Sample& other : samples) {
      const double u = (samples[i].height - other.height) / bandwidth;
      if (u * u < 1) density[i] += other.weight * (1 - u * u);
    }
  }
  return density;
}

double MedianMagnitude(const std::vector<Sample>& samples) {
  std::vector<double> heights;
  for (const Sample& sample : samples) heights.push_back(std::abs(sample.height));
  std::nth_element(heights.begin(), heights.begin() + heights.size() / 2, heights.end());
  return heights[heights.size() / 2];
}

bool IsNearlyLevel(const Eigen::Vector3d& plane, const Pinholed& pinhole, const Vec3d& up) {
  const Vec3d normal{plane[0] * pinhole.focal_px, plane[1] * pinhole.focal_px, plane[2]};
  return std::abs(Dot(normal, up)) > kMaxTiltCosine * Norm(normal);
}

}  // namespace

std::vector<SupportSurface> FindSupportSurfaces(const Keyframe& keyframe,
                                                const Pinholed& pinhole,
                                                const Vec2d& pixel,
                                                const SurfaceSearch& search) {
  std::vector<Sample> samples;
  double radius = search.radius_px;
  for (int attempt = 0; attempt < 4; ++attempt) {
    samples = CollectSamples(keyframe, pinhole, pixel, search, radius);
    if (static_cast<int>(samples.size()) >= kFewestSamples) break;
    radius *= 2;
  }
  std::vector<SupportSurface> surfaces;
  if (static_cast<int>(samples.size()) < kFewestSamples) return surfaces;
  double total = 0;
  for (const Sample& sample : samples) total += sample.weight;
  // On the horizon a level surface is seen edge on, and says nothing.
  const double magnitude = MedianMagnitude(samples);
  if (!(magnitude > 1e-6) || !(total > 0)) return surfaces;
  const double bandwidth = kHeightBandwidth * magnitude;
  std::vector<double> density = HeightDensity(samples, bandwidth);
  const Vec2d center{pixel[0] - pinhole.center_x_px, pixel[1] - pinhole.center_y_px};
  const Vec3d& up = search.up_in_cam;
  for (int n = 0; n < kMaxSurfaces; ++n) {
    const size_t peak = std::max_element(density.begin(), density.end()) - density.begin();
    const double height = samples[peak].height;
    if (!(density[peak] > kMinShare * total)) break;
    for (size_t i = 0; i < samples.size(); ++i) {
      if (std::abs(samples[i].height - height) < 2 * bandwidth) density[i] = 0;
    }
    if (std::abs(height) < 0.1 * magnitude) continue;
    // up . x = height, as inverse depth over pixels.
    const Eigen::Vector3d level(
        up[0] / (pinhole.focal_px * height), up[1] / (pinhole.focal_px * height), up[2] / height);
    Eigen::Vector3d plane = RefinePlane(samples, level, radius, center);
    if (!IsNearlyLevel(plane, pinhole, up)) plane = level;
    double on_plane = 0;
    for (const Sample& sample : samples) {
      const double error = sample.row.dot(plane) / sample.inverse_depth - 1;
      if (std::abs(error) < 2 * kPlaneTolerance) on_plane += sample.weight;
    }
    if (on_plane < kMinShare * total) continue;
    surfaces.push_back({{plane[0], plane[1], plane[2]}, on_plane / total});
  }
  std::stable_sort(surfaces.begin(), surfaces.end(), [](const SupportSurface& a, const SupportSurface& b) {
    return a.share > b.share;
  });
  return surfaces;
}

}  // namespace foothold
