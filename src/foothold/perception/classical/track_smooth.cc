// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track_smooth.h"

#include <array>
#include <cmath>

#include "foothold/perception/classical/track_filter.h"

namespace foothold {
namespace {

// Standard deviations in box heights, the last one of ln height.
using Deviations = std::array<double, 3>;
constexpr Deviations kSeen{0.05, 0.07, 0.08};
constexpr Deviations kFlow{0.01, 0.012, 0.006};  // Motion by texture, per frame.
constexpr Deviations kBlind{0.05, 0.05, 0.02};   // Nothing known but that people are slow.
constexpr double kHuber = 1.5;                   // Deviations beyond which a detection counts less.
constexpr int kRounds = 4;

// One axis: values p of each frame with seen values and steps between neighbours.
struct Chain {
  std::vector<double> seen, seen_weight;  // Weight 0: not seen.
  std::vector<double> step, step_weight;  // From frame i - 1 to i; entry 0 is unused.
};

// Minimises sum w (p_i - seen_i)^2 + sum v (p_i - p_{i-1} - step_i)^2: a tridiagonal system.
std::vector<double> Solve(const Chain& chain, const std::vector<double>& seen_weight) {
  const size_t count = chain.seen.size();
  std::vector<double> diagonal(count, 1e-12), right(count, 0);
  for (size_t i = 0; i < count; ++i) {
    diagonal[i] += seen_weight[i];
    right[i] += seen_weight[i] * chain.seen[i];
    if (i == 0) continue;
    diagonal[i] += chain.step_weight[i];
    diagonal[i - 1] += chain.step_weight[i];
    right[i] += chain.step_weight[i] * chain.step[i];
    right[i - 1] -= chain.step_weight[i] * chain.step[i];
  }
  for (size_t i = 1; i < count; ++i) {
    const double factor = chain.step_weight[i] / diagonal[i - 1];
    diagonal[i] -= factor * chain.step_weight[i];
    right[i] += factor * right[i - 1];
  }
  std::vector<double> values(count);
  for (size_t i = count; i-- > 0;) {
    const double ahead = i + 1 < count ? chain.step_weight[i + 1] * values[i + 1] : 0;
    values[i] = (right[i] + ahead) / diagonal[i];
  }
  return values;
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

double InverseSquare(double deviation) { return 1 / (deviation * deviation); }

Chain MakeChain(const std::vector<TrackPoint>& points, int axis) {
  Chain chain;
  for (const TrackPoint& point : points) {
    const double unit = axis == 2 ? 1 : point.box.height;
    const Box box = point.seen.value_or(point.box);
    const std::array<double, 3> state{CentreX(box), FootY(box), std::log(static_cast<double>(box.height))};
    chain.seen.push_back(state[axis]);
    chain.seen_weight.push_back(point.detected() ? InverseSquare(kSeen[axis] * unit) : 0);
    const BoxMotion motion = point.motion.value_or(BoxMotion());
    const std::array<double, 3> step{motion.dx, motion.dy_foot, motion.log_growth};
    chain.step.push_back(step[axis]);
    chain.step_weight.push_back(InverseSquare((point.motion ? kFlow : kBlind)[axis] * unit));
  }
  return chain;
}

}  // namespace

std::vector<Box> SmoothBoxes(const std::vector<TrackPoint>& points) {
  std::array<std::vector<double>, 3> axes;
  for (int axis = 0; axis < 3; ++axis) axes[axis] = SolveRobustly(MakeChain(points, axis));
  std::vector<Box> boxes;
  for (size_t i = 0; i < points.size(); ++i) {
    const double height = std::exp(axes[2][i]), width = kPersonBoxAspect * height;
    boxes.push_back({static_cast<float>(axes[0][i] - 0.5 * width),
                     static_cast<float>(axes[1][i] - height),
                     static_cast<float>(width),
                     static_cast<float>(height)});
  }
  return boxes;
}

}  // namespace foothold
