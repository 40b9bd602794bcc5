// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/alignment.h"

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "foothold/base/random.h"

namespace foothold {
namespace {

constexpr int kFewestMatches = 8;
constexpr int kSamples = 400;  // Of distances, per pair.
constexpr int kReweightings = 10;
constexpr double kMaxLogScale = 7;  // A thousandth to a thousand.

struct ScaleRatio {
  int i, j;
  double log_ratio;  // log (scale_j / scale_i)
  double weight;
};

Vec3d PointInCam(const Pinholed& pinhole, float x, float y, float depth) {
  const double d = depth;
  return {d * x / pinhole.focal_px, d * y / pinhole.focal_px, d};
}

// Sorts `values` of (value, weight).
double WeightedMedian(std::vector<std::pair<double, double>>* values) {
  std::sort(values->begin(), values->end());
  double total = 0;
  for (const auto& [value, weight] : *values) total += weight;
  double sum = 0;
  for (const auto& [value, weight] : *values) {
    sum += weight;
    if (2 * sum >= total) return value;
  }
  return 0;
}

std::vector<const DepthMatch*> TwoSided(const MatchedPair& pair) {
  std::vector<const DepthMatch*> matches;
  for (const DepthMatch& match : pair.matches) {
    if (match.weight_i > 0 && match.weight_j > 0) matches.push_back(&match);
  }
  return matches;
}

std::vector<ScaleRatio> ScaleRatios(const Pinholed& pinhole, const std::vector<MatchedPair>& pairs) {
  std::vector<ScaleRatio> ratios;
  for (const MatchedPair& pair : pairs) {
    const std::vector<const DepthMatch*> matches = TwoSided(pair);
    const int count = static_cast<int>(matches.size());
    if (count < kFewestMatches) continue;
    RandomStream random(static_cast<uint64_t>(pair.i) * 1000003 + pair.j, "scale ratio");
    std::vector<std::pair<double, double>> logs;
    for (int n = 0; n < kSamples; ++n) {
      const DepthMatch& a = *matches[random.UniformInt(0, count - 1)];
      const DepthMatch& b = *matches[random.UniformInt(0, count - 1)];
      const double in_i =
          Norm(PointInCam(pinhole, a.x_i, a.y_i, a.depth_i) - PointInCam(pinhole, b.x_i, b.y_i, b.depth_i));
      const double in_j =
          Norm(PointInCam(pinhole, a.x_j, a.y_j, a.depth_j) - PointInCam(pinhole, b.x_j, b.y_j, b.depth_j));
      // Close neighbours are mostly noise.
      if (!(in_i > 0.05 * a.depth_i && in_j > 0.05 * a.depth_j)) continue;
      logs.emplace_back(std::log(in_i / in_j), 1.0);
    }
    if (logs.empty()) continue;
    ratios.push_back({pair.i, pair.j, WeightedMedian(&logs), std::sqrt(static_cast<double>(count))});
  }
  return ratios;
}

// Least absolute deviations over the graph, by reweighting.
std::vector<double> SolveLogScales(int num_keyframes, const std::vector<ScaleRatio>& ratios) {
  std::vector<double> log_scale(num_keyframes, 0.0);
  if (ratios.empty()) return log_scale;
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> solver;
  for (int round = 0; round < kReweightings; ++round) {
    std::vector<Eigen::Triplet<double>> entries;
    Eigen::VectorXd right = Eigen::VectorXd::Zero(num_keyframes);
    for (int k = 0; k < num_keyframes; ++k) entries.emplace_back(k, k, 1e-6);
    for (const ScaleRatio& ratio : ratios) {
      const double error = log_scale[ratio.j] - log_scale[ratio.i] - ratio.log_ratio;
      const double weight = round == 0 ? ratio.weight : ratio.weight / std::max(0.01, std::abs(error));
      entries.emplace_back(ratio.i, ratio.i, weight);
      entries.emplace_back(ratio.j, ratio.j, weight);
      entries.emplace_back(ratio.i, ratio.j, -weight);
      entries.emplace_back(ratio.j, ratio.i, -weight);
      right[ratio.j] += weight * ratio.log_ratio;
      right[ratio.i] -= weight * ratio.log_ratio;
    }
    Eigen::SparseMatrix<double> normal(num_keyframes, num_keyframes);
    normal.setFromTriplets(entries.begin(), entries.end());
    solver.compute(normal);
    if (solver.info() != Eigen::Success) break;
    const Eigen::VectorXd solution = solver.solve(right);
    if (!solution.allFinite()) break;
    for (int k = 0; k < num_keyframes; ++k) {
      log_scale[k] = std::clamp(solution[k], -kMaxLogScale, kMaxLogScale);
    }
  }
  return log_scale;
}

// How much longer the translations between keyframes are in the scaled pointmaps than as observed,
// as a log; each pair counts by the length of its baseline.
double TranslationFactor(const Pinholed& pinhole,
                         const std::vector<MatchedPair>& pairs,
                         const InitialAlignment& alignment) {
  std::vector<std::pair<double, double>> logs;
  for (const MatchedPair& pair : pairs) {
    const std::vector<const DepthMatch*> matches = TwoSided(pair);
    const Rigid3d i_from_j = Inverse(alignment.world_from_cam[pair.i]) * alignment.world_from_cam[pair.j];
    const double length2 = SquaredNorm(i_from_j.translation);
    if (static_cast<int>(matches.size()) < kFewestMatches || !(length2 > 1e-12)) continue;
    const double scale_i = std::exp(alignment.log_scale[pair.i]);
    const double scale_j = std::exp(alignment.log_scale[pair.j]);
    std::vector<std::pair<double, double>> along;
    for (const DepthMatch* match : matches) {
      const Vec3d in_i = scale_i * PointInCam(pinhole, match->x_i, match->y_i, match->depth_i);
      const Vec3d in_j = scale_j * PointInCam(pinhole, match->x_j, match->y_j, match->depth_j);
      const Vec3d implied = in_i - Rotate(i_from_j.rotation, in_j);
      along.emplace_back(Dot(implied, i_from_j.translation) / length2, 1.0);
    }
    const double factor = WeightedMedian(&along);
    if (factor > 1e-3 && factor < 1e3) logs.emplace_back(std::log(factor), std::sqrt(length2));
  }
  return logs.empty() ? 0 : WeightedMedian(&logs);
}

void FindComponents(const std::vector<MatchedPair>& pairs, InitialAlignment* alignment) {
  std::vector<int> parent(alignment->world_from_cam.size());
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](int k) {
    while (parent[k] != k) k = parent[k] = parent[parent[k]];
    return k;
  };
  for (const MatchedPair& pair : pairs) {
    if (static_cast<int>(pair.matches.size()) < kFewestMatches) continue;
    const int a = root(pair.i), b = root(pair.j);
    parent[std::max(a, b)] = std::min(a, b);
  }
  std::vector<int> number(parent.size(), -1);
  for (size_t k = 0; k < parent.size(); ++k) {
    const int r = root(static_cast<int>(k));
    if (number[r] < 0) number[r] = alignment->num_components++;
    alignment->component.push_back(number[r]);
  }
}

}  // namespace

InitialAlignment AlignScales(const Observations& observations, const std::vector<MatchedPair>& pairs) {
  InitialAlignment alignment;
  for (const Keyframe& keyframe : observations.keyframes) {
    alignment.world_from_cam.push_back(observations.camera.world_from_cam[keyframe.frame]);
  }
  FindComponents(pairs, &alignment);
  const int count = static_cast<int>(observations.keyframes.size());
  alignment.log_scale.assign(count, 0.0);
  if (observations.camera.poses_fixed && observations.camera.metric) return alignment;
  const Pinholed& pinhole = observations.camera.pinhole;
  alignment.log_scale = SolveLogScales(count, ScaleRatios(pinhole, pairs));
  // Without translations, the depths of the first keyframe are the unit.
  const double factor = TranslationFactor(pinhole, pairs, alignment);
  for (double& log_scale : alignment.log_scale) log_scale -= factor;
  return alignment;
}

}  // namespace foothold
