// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/scene_points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "foothold/josh/cleaning.h"

namespace foothold {
namespace {

struct Sample {
  Vec3f position_m;
  float confidence;
  std::array<uint8_t, 3> rgb;
};

std::vector<Sample> CollectSamples(const Reconstruction& reconstruction,
                                   const Observations& observations,
                                   const ScenePointOptions& options) {
  double pixels = 0;
  for (const KeyframeDepth& keyframe : reconstruction.keyframes) {
    pixels += static_cast<double>(keyframe.depth_m.data.size());
  }
  const int step = std::max(1, static_cast<int>(std::ceil(std::sqrt(pixels / options.max_samples))));
  std::vector<Sample> samples;
  for (size_t k = 0; k < reconstruction.keyframes.size(); ++k) {
    const KeyframeDepth& keyframe = reconstruction.keyframes[k];
    const ImageU8& color = observations.keyframes[k].color;
    const Rigid3d& world_from_cam = reconstruction.world_from_cam[keyframe.frame];
    for (int y = 0; y < keyframe.depth_m.height; y += step) {
      for (int x = 0; x < keyframe.depth_m.width; x += step) {
        const double depth = keyframe.depth_m.At(x, y);
        const float confidence = keyframe.confidence.At(x, y);
        if (!(depth > 0) || !(confidence > options.min_confidence)) continue;
        const Vec3d ray = Unproject(reconstruction.pinhole, Vec2d{double(x), double(y)});
        Sample sample{(world_from_cam * (depth * ray)).Cast<float>(), confidence, {128, 128, 128}};
        // A depth beyond what a float holds is no point.
        if (!(SquaredNorm(sample.position_m.Cast<double>()) < 1e24)) continue;
        if (color.Contains(x, y)) {
          for (int c = 0; c < 3; ++c) sample.rgb[c] = color.At(x, y, c);
        }
        samples.push_back(sample);
      }
    }
  }
  return samples;
}

struct Cell {
  uint64_t key;  // Three indices of 21 bits.
  uint32_t sample;
};
constexpr int kCellBits = 21;
constexpr double kMaxCells = (1 << kCellBits) - 1;  // Along each axis.

// Smallest coordinates and the longest side of the box around the samples.
std::pair<Vec3f, double> Bounds(const std::vector<Sample>& samples) {
  if (samples.empty()) return {Vec3f::Zero(), 0};
  Vec3f low = samples[0].position_m, high = low;
  for (const Sample& sample : samples) {
    for (int axis = 0; axis < 3; ++axis) {
      low[axis] = std::min(low[axis], sample.position_m[axis]);
      high[axis] = std::max(high[axis], sample.position_m[axis]);
    }
  }
  double side = 0;
  for (int axis = 0; axis < 3; ++axis) side = std::max(side, static_cast<double>(high[axis]) - low[axis]);
  return {low, side};
}

std::vector<Cell> AssignCells(const std::vector<Sample>& samples, const Vec3f& low, double voxel_m) {
  std::vector<Cell> cells(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    cells[i] = {0, static_cast<uint32_t>(i)};
    for (int axis = 0; axis < 3; ++axis) {
      const double offset = static_cast<double>(samples[i].position_m[axis]) - low[axis];
      const double index = std::min(std::floor(offset / voxel_m), kMaxCells);
      cells[i].key = (cells[i].key << kCellBits) | static_cast<uint64_t>(index);
    }
  }
  // Samples stay in order inside a cell, so sums do not depend on the sort.
  std::sort(cells.begin(), cells.end(), [](const Cell& left, const Cell& right) {
    return left.key != right.key ? left.key < right.key : left.sample < right.sample;
  });
  return cells;
}

int CountCells(const std::vector<Cell>& cells) {
  int count = 0;
  for (size_t i = 0; i < cells.size(); ++i) count += i == 0 || cells[i].key != cells[i - 1].key;
  return count;
}

}  // namespace

void CleanDepths(double tolerance, int window, Reconstruction* reconstruction) {
  std::vector<DenseView> views;
  std::vector<ImageF> confidences;
  for (KeyframeDepth& keyframe : reconstruction->keyframes) {
    views.push_back(
        {reconstruction->world_from_cam[keyframe.frame], reconstruction->pinhole, &keyframe.depth_m});
    confidences.push_back(std::move(keyframe.confidence));
  }
  CleaningOptions options;
  options.tolerance = tolerance;
  options.window = window;
  CleanConfidences(views, options, &confidences);
  for (size_t k = 0; k < confidences.size(); ++k) {
    reconstruction->keyframes[k].confidence = std::move(confidences[k]);
  }
}

std::vector<ScenePoint> GatherScenePoints(const Reconstruction& reconstruction,
                                          const Observations& observations,
                                          const ScenePointOptions& options) {
  const std::vector<Sample> samples = CollectSamples(reconstruction, observations, options);
  const auto [low, side] = Bounds(samples);
  double voxel_m = std::max(options.voxel_m, side / kMaxCells);
  std::vector<Cell> cells = AssignCells(samples, low, voxel_m);
  while (CountCells(cells) > options.max_points) {
    voxel_m *= 1.4;
    cells = AssignCells(samples, low, voxel_m);
  }
  std::vector<ScenePoint> points;
  for (size_t begin = 0; begin < cells.size();) {
    Vec3d sum = Vec3d::Zero();
    std::array<int64_t, 3> color{};
    float confidence = 0;
    size_t end = begin;
    for (; end < cells.size() && cells[end].key == cells[begin].key; ++end) {
      const Sample& sample = samples[cells[end].sample];
      sum = sum + sample.position_m.Cast<double>();
      for (int c = 0; c < 3; ++c) color[c] += sample.rgb[c];
      confidence = std::max(confidence, sample.confidence);
    }
    const auto count = static_cast<int64_t>(end - begin);
    ScenePoint point;
    point.position_m = (sum / static_cast<double>(count)).Cast<float>();
    point.confidence = confidence;
    for (int c = 0; c < 3; ++c) point.rgb[c] = static_cast<uint8_t>((color[c] + count / 2) / count);
    points.push_back(point);
    begin = end;
  }
  return points;
}

}  // namespace foothold
