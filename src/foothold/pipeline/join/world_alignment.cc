// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/join/world_alignment.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "foothold/base/median.h"

namespace foothold {
namespace {

constexpr int kPixelStride = 3;
constexpr size_t kMinRatios = 100;
constexpr float kMinConfidence = 0.1f;
constexpr double kMinPath = 1e-6;  // Of the camera, in world units: less is no path.

void CollectRatios(const Keyframe& earlier, const Keyframe& later, std::vector<double>* log_ratios) {
  for (size_t i = 0; i < earlier.depth_m.data.size(); i += kPixelStride) {
    const float a = earlier.depth_m.data[i], b = later.depth_m.data[i];
    const float confidence = std::min(earlier.confidence.data[i], later.confidence.data[i]);
    if (a > 0 && b > 0 && confidence > kMinConfidence) log_ratios->push_back(std::log(double(a) / b));
  }
}

// Square root of the summed squared distances of camera centres from their mean.
double SpreadOf(const std::vector<Rigid3d>& cameras, int begin, int count) {
  Vec3d mean{0, 0, 0};
  for (int i = 0; i < count; ++i) mean = mean + (1.0 / count) * cameras[begin + i].translation;
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += SquaredNorm(cameras[begin + i].translation - mean);
  return std::sqrt(sum);
}

double ScaleBetween(const Observations& earlier, const Observations& later, int offset, int shared) {
  if (earlier.camera.metric && later.camera.metric) return 1;
  std::vector<double> log_ratios;
  for (const Keyframe& a : earlier.keyframes) {
    for (const Keyframe& b : later.keyframes) {
      if (b.frame + offset == a.frame) CollectRatios(a, b, &log_ratios);
    }
  }
  if (log_ratios.size() >= kMinRatios) return std::exp(UpperMedian(std::move(log_ratios)));
  const double a = SpreadOf(earlier.camera.world_from_cam, offset, shared);
  const double b = SpreadOf(later.camera.world_from_cam, 0, shared);
  return a > kMinPath && b > kMinPath ? a / b : 1;
}

// Of rotations that are near each other.
Quatd MeanRotation(const std::vector<Quatd>& rotations) {
  Quatd sum{0, 0, 0, 0};
  for (const Quatd& q : rotations) {
    const double sign = Dot(q, rotations.front()) < 0 ? -1 : 1;
    sum = {sum.w + sign * q.w, sum.x + sign * q.x, sum.y + sign * q.y, sum.z + sign * q.z};
  }
  return Normalized(sum);
}

}  // namespace

Similarity3d AlignWorlds(const Observations& earlier, const Observations& later, int offset, int shared) {
  Similarity3d out = Similarity3d::Identity();
  out.scale = ScaleBetween(earlier, later, offset, shared);
  const auto& a = earlier.camera.world_from_cam;
  const auto& b = later.camera.world_from_cam;
  std::vector<Quatd> rotations;
  for (int i = 0; i < shared; ++i) rotations.push_back(a[offset + i].rotation * Conjugate(b[i].rotation));
  out.rotation = MeanRotation(rotations);
  for (int i = 0; i < shared; ++i) {
    const Vec3d moved = out.scale * Rotate(out.rotation, b[i].translation);
    out.translation = out.translation + (1.0 / shared) * (a[offset + i].translation - moved);
  }
  return out;
}

void MoveWorld(const Similarity3d& new_from_old, Observations* observations) {
  for (Rigid3d& camera : observations->camera.world_from_cam) {
    camera = {Normalized(new_from_old.rotation * camera.rotation), new_from_old * camera.translation};
  }
  for (Keyframe& keyframe : observations->keyframes) {
    for (float& depth : keyframe.depth_m.data) depth = static_cast<float>(new_from_old.scale * depth);
  }
  GroundPlane& ground = observations->ground;
  ground.up_in_world = Normalized(Rotate(new_from_old.rotation, ground.up_in_world));
  ground.offset_m = new_from_old.scale * ground.offset_m + Dot(ground.up_in_world, new_from_old.translation);
}

}  // namespace foothold
