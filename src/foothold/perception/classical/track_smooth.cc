// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track_smooth.h"

#include <array>
#include <cmath>

#include "foothold/perception/classical/track_filter.h"

namespace foothold {
namespace {

// Standard deviations in box heights, the last one of ln height. Those of ln height, and kRateDrift below,
// are a compromise of two videos: they predict detections that were left out about best.
constexpr double kSeenX = 0.05, kSeenFoot = 0.07, kSeenLogHeight = 0.05;
constexpr double kFlowX = 0.01, kFlowFoot = 0.012;  // Motion by texture, per frame.
constexpr double kBlind = 0.05;                     // Nothing known but that people are slow, per frame.
// People come nearer at a steady pace: ln height changes by kRate per second at most, and that rate
// drifts by kRateDrift within a second.
constexpr double kRate = 1, kRateDrift = 0.1;
constexpr double kHuber = 1.5;  // Deviations beyond which a detection counts less.
constexpr int kRounds = 4;

double InverseSquare(double deviation) { return 1 / (deviation * deviation); }

// One axis: values p of each frame with seen values and steps between neighbours.
struct Chain {
  std::vector<double> seen, seen_weight;  // Weight 0: not seen.
  std::vector<double> step, step_weight;  // From frame i - 1 to i; entry 0 is unused.
  double bend_weight = 0;                 // Of the change between one step and the next.
};

// Symmetric matrix with two diagonals beside the main one: row i holds (i, i), (i, i - 1), (i, i - 2).
using BandMatrix = std::vector<std::array<double, 3>>;

// LDL' in place of `matrix`, which is positive definite.
std::vector<double> SolveBand(BandMatrix matrix, std::vector<double> right) {
  const size_t count = matrix.size();
  for (size_t i = 0; i < count; ++i) {
    auto& [diagonal, near, far] = matrix[i];
    if (i >= 2) {
      near -= far * matrix[i - 1][1];
      far /= matrix[i - 2][0];
      diagonal -= far * far * matrix[i - 2][0];
      right[i] -= far * right[i - 2];
    }
    if (i >= 1) {
      near /= matrix[i - 1][0];
      diagonal -= near * near * matrix[i - 1][0];
      right[i] -= near * right[i - 1];
    }
  }
  for (size_t i = count; i-- > 0;) {
    right[i] /= matrix[i][0];
    if (i + 1 < count) right[i] -= matrix[i + 1][1] * right[i + 1];
    if (i + 2 < count) right[i] -= matrix[i + 2][2] * right[i + 2];
  }
  return right;
}

// Minimises sum w (p_i - seen_i)^2 + sum v (p_i - p_{i-1} - step_i)^2 + sum b (p_i - 2 p_{i-1} + p_{i-2})^2.
std::vector<double> Solve(const Chain& chain, const std::vector<double>& seen_weight) {
  const size_t count = chain.seen.size();
  BandMatrix matrix(count, {1e-12, 0, 0});
  std::vector<double> right(count, 0);
  for (size_t i = 0; i < count; ++i) {
    matrix[i][0] += seen_weight[i];
    right[i] += seen_weight[i] * chain.seen[i];
    if (i == 0) continue;
    matrix[i][0] += chain.step_weight[i];
    matrix[i][1] -= chain.step_weight[i];
    matrix[i - 1][0] += chain.step_weight[i];
    right[i] += chain.step_weight[i] * chain.step[i];
    right[i - 1] -= chain.step_weight[i] * chain.step[i];
    if (i == 1) continue;
    matrix[i][0] += chain.bend_weight;
    matrix[i][1] -= 2 * chain.bend_weight;
    matrix[i][2] += chain.bend_weight;
    matrix[i - 1][0] += 4 * chain.bend_weight;
    matrix[i - 1][1] -= 2 * chain.bend_weight;
    matrix[i - 2][0] += chain.bend_weight;
  }
  return SolveBand(std::move(matrix), std::move(right));
}

std::vector<double> SolveRobustly(const Chain& chain) {
  std::vector<double> weight = chain.seen_weight;
  std::vector<double> values = Solve(chain, weight);
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < weight.size(); ++i) {
      const double residual = std::abs(values[i] - chain.seen[i]) * std::sqrt(chain.seen_weight[i]);
      weight[i] = residual > kHuber ? chain.seen_weight[i] * kHuber / residual : chain.seen_weight[i];
    }
    values = Solve(chain, weight);
  }
  return values;
}

// Growth is not taken from the texture: the measured growth of a torso, whose corners lie on a body that
// turns and on what is behind it, is too large more often than too small, and adds up. On one video it
// made a person 2.5 times as tall in three seconds.
std::vector<double> SmoothLogHeight(const std::vector<TrackPoint>& points, double frame_rate_hz) {
  Chain chain;
  for (const TrackPoint& point : points) {
    chain.seen.push_back(std::log(static_cast<double>(point.seen.value_or(point.box).height)));
    chain.seen_weight.push_back(point.detected() ? InverseSquare(kSeenLogHeight) : 0);
  }
  chain.step.assign(points.size(), 0);
  chain.step_weight.assign(points.size(), frame_rate_hz * InverseSquare(kRate));
  chain.bend_weight = std::pow(frame_rate_hz, 3) * InverseSquare(kRateDrift);
  return SolveRobustly(chain);
}

std::vector<double> SmoothX(const std::vector<TrackPoint>& points) {
  Chain chain;
  for (const TrackPoint& point : points) {
    const double unit = point.box.height;
    chain.seen.push_back(CentreX(point.seen.value_or(point.box)));
    chain.seen_weight.push_back(point.detected() ? InverseSquare(kSeenX * unit) : 0);
    chain.step.push_back(point.motion ? point.motion->dx : 0);
    chain.step_weight.push_back(InverseSquare((point.motion ? kFlowX : kBlind) * unit));
  }
  return SolveRobustly(chain);
}

std::vector<double> SmoothFootY(const std::vector<TrackPoint>& points,
                                const std::vector<double>& log_height) {
  Chain chain;
  for (size_t i = 0; i < points.size(); ++i) {
    const TrackPoint& point = points[i];
    const double unit = point.box.height;
    const double growth = i > 0 ? log_height[i] - log_height[i - 1] : 0;
    chain.seen.push_back(FootY(point.seen.value_or(point.box)));
    chain.seen_weight.push_back(point.detected() ? InverseSquare(kSeenFoot * unit) : 0);
    chain.step.push_back(point.motion ? point.motion->FootDy(growth) : 0);
    chain.step_weight.push_back(InverseSquare((point.motion ? kFlowFoot : kBlind) * unit));
  }
  return SolveRobustly(chain);
}

}  // namespace

std::vector<Box> SmoothBoxes(const std::vector<TrackPoint>& points, double frame_rate_hz) {
  const std::vector<double> log_height = SmoothLogHeight(points, frame_rate_hz);
  const std::vector<double> x = SmoothX(points), foot_y = SmoothFootY(points, log_height);
  std::vector<Box> boxes;
  for (size_t i = 0; i < points.size(); ++i) {
    const double height = std::exp(log_height[i]), width = kPersonBoxAspect * height;
    boxes.push_back({static_cast<float>(x[i] - 0.5 * width),
                     static_cast<float>(foot_y[i] - height),
                     static_cast<float>(width),
                     static_cast<float>(height)});
  }
  return boxes;
}

}  // namespace foothold
