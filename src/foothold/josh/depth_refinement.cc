// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/depth_refinement.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>

#include "foothold/base/parallel.h"
#include "foothold/objective/relative_twist.h"
#include "foothold/objective/robust_loss.h"

namespace foothold {
namespace {

constexpr double kMinDepth_m = 1e-6;
constexpr double kMaxError_px = 20;  // Beyond it a match says nothing of a few per cent of depth.

// The nodes around a pixel with their bilinear weights.
struct Cell {
  std::array<int, 4> node;
  std::array<double, 4> weight;
};

Cell CellAt(const DepthCorrection& grid, double x_px, double y_px) {
  const double gx = std::clamp(x_px / grid.spacing_x_px, 0.0, grid.nodes_x - 1.0);
  const double gy = std::clamp(y_px / grid.spacing_y_px, 0.0, grid.nodes_y - 1.0);
  const int x = std::min(static_cast<int>(gx), grid.nodes_x - 2),
            y = std::min(static_cast<int>(gy), grid.nodes_y - 2);
  const double u = gx - x, v = gy - y;
  const int first = y * grid.nodes_x + x;
  return {{first, first + 1, first + grid.nodes_x, first + grid.nodes_x + 1},
          {(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v}};
}

DepthCorrection MakeGrid(int width, int height, double spacing_px) {
  DepthCorrection grid;
  grid.nodes_x = std::max(2, static_cast<int>(std::lround(width / spacing_px)) + 1);
  grid.nodes_y = std::max(2, static_cast<int>(std::lround(height / spacing_px)) + 1);
  grid.spacing_x_px = std::max(1.0, (width - 1.0) / (grid.nodes_x - 1));
  grid.spacing_y_px = std::max(1.0, (height - 1.0) / (grid.nodes_y - 1));
  grid.log_depth.assign(static_cast<size_t>(grid.nodes_x) * grid.nodes_y, 0.0);
  return grid;
}

// One keyframe's problem: H d = -g over its nodes.
class KeyframeProblem {
 public:
  KeyframeProblem(const Variables& variables,
                  const ParameterView& view,
                  const Observations& observations,
                  const DepthRefinementOptions& options,
                  DepthCorrection* grid)
      : variables_(variables),
        view_(view),
        pinhole_(observations.camera.pinhole),
        options_(options),
        loss_(options.gamma, options.epsilon),
        grid_(*grid),
        hessian_(Eigen::MatrixXd::Zero(Size(), Size())),
        gradient_(Eigen::VectorXd::Zero(Size())) {}

  // The points of keyframe `source` in the picture of the other keyframe. `unit`: weight per confidence.
  void AddPair(const MatchedPair& pair, int source, double unit);
  void AddPrior();
  void Step();

 private:
  Eigen::Index Size() const { return static_cast<Eigen::Index>(grid_.log_depth.size()); }
  void AddRow(const Cell& cell, double slope, double residual, double weight) {
    for (int a = 0; a < 4; ++a) {
      const double row = weight * slope * cell.weight[a];
      gradient_[cell.node[a]] += row * residual;
      for (int b = 0; b < 4; ++b) hessian_(cell.node[a], cell.node[b]) += row * slope * cell.weight[b];
    }
  }

  const Variables& variables_;
  const ParameterView& view_;
  const Pinholed& pinhole_;
  const DepthRefinementOptions& options_;
  RobustLoss loss_;
  DepthCorrection& grid_;
  Eigen::MatrixXd hessian_;
  Eigen::VectorXd gradient_;
};

void KeyframeProblem::AddPair(const MatchedPair& pair, int source, double unit) {
  const bool source_first = pair.i == source;
  const CameraState from = ReadCamera(variables_, view_, source);
  const CameraState to = ReadCamera(variables_, view_, source_first ? pair.j : pair.i);
  const RelativeView relative = TargetFromSource(to, from);
  const double focal = ReadFocal(variables_, view_);
  const double whiten2 = 1 / (options_.sigma_px * options_.sigma_px);
  for (const DepthMatch& match : pair.matches) {
    const double confidence = source_first ? match.weight_i : match.weight_j;
    if (!(confidence > 0)) continue;
    const MatchEnd<float> end = source_first ? FirstEnd(match) : SecondEnd(match);
    const MatchEnd<float> seen = source_first ? SecondEnd(match) : FirstEnd(match);
    const Cell cell = CellAt(grid_, end.x + pinhole_.center_x_px, end.y + pinhole_.center_y_px);
    double log_depth = 0;
    for (int a = 0; a < 4; ++a) log_depth += cell.weight[a] * grid_.log_depth[cell.node[a]];
    const double z = from.scale * end.core * std::exp(log_depth);
    const Vec3d turned = relative.rotation * Vec3d{z * end.x / focal, z * end.y / focal, z};
    const Vec3d y = turned + relative.translation;
    if (!(y[2] > kMinDepth_m)) continue;
    const double u = focal * y[0] / y[2] - seen.x, v = focal * y[1] / y[2] - seen.y;
    const double error2 = u * u + v * v;
    if (!(error2 < kMaxError_px * kMaxError_px)) continue;
    // The point moves along its ray: dy = turned d(log depth).
    const double du = focal * (turned[0] - y[0] / y[2] * turned[2]) / y[2];
    const double dv = focal * (turned[1] - y[1] / y[2] * turned[2]) / y[2];
    const double weight = unit * confidence * whiten2 * loss_.Weight(whiten2 * error2);
    AddRow(cell, du, u, weight);
    AddRow(cell, dv, v, weight);
  }
}

void KeyframeProblem::AddPrior() {
  const double node_weight = 1 / (options_.prior_sigma * options_.prior_sigma);
  const double bend_weight = 1 / (options_.bend_sigma * options_.bend_sigma);
  for (int y = 0; y < grid_.nodes_y; ++y) {
    for (int x = 0; x < grid_.nodes_x; ++x) {
      const int node = y * grid_.nodes_x + x;
      hessian_(node, node) += node_weight;
      gradient_[node] += node_weight * grid_.log_depth[node];
      // Difference from the mean of the neighbours that there are.
      std::array<int, 5> nodes{node};
      std::array<double, 5> row{-1};
      int count = 1;
      for (const auto& [dx, dy] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
        if (x + dx < 0 || y + dy < 0 || x + dx >= grid_.nodes_x || y + dy >= grid_.nodes_y) continue;
        nodes[count++] = node + dy * grid_.nodes_x + dx;
      }
      double difference = -grid_.log_depth[node];
      for (int a = 1; a < count; ++a) {
        row[a] = 1.0 / (count - 1);
        difference += row[a] * grid_.log_depth[nodes[a]];
      }
      for (int a = 0; a < count; ++a) {
        gradient_[nodes[a]] += bend_weight * row[a] * difference;
        for (int b = 0; b < count; ++b) hessian_(nodes[a], nodes[b]) += bend_weight * row[a] * row[b];
      }
    }
  }
}

void KeyframeProblem::Step() {
  const Eigen::VectorXd step = hessian_.llt().solve(-gradient_);
  if (!step.allFinite()) return;  // The last finite corrections stay.
  for (Eigen::Index n = 0; n < Size(); ++n) grid_.log_depth[n] += std::clamp(step[n], -0.1, 0.1);
}

}  // namespace

double DepthCorrection::At(double x_px, double y_px) const {
  if (log_depth.empty()) return 0;
  const Cell cell = CellAt(*this, x_px, y_px);
  double sum = 0;
  for (int a = 0; a < 4; ++a) sum += cell.weight[a] * log_depth[cell.node[a]];
  return sum;
}

std::vector<DepthCorrection> RefineDepths(const Variables& variables,
                                          const ParameterView& view,
                                          const Observations& observations,
                                          const std::vector<MatchedPair>& pairs,
                                          const DepthRefinementOptions& options,
                                          int threads) {
  const int count = static_cast<int>(observations.keyframes.size());
  std::vector<std::vector<int>> pairs_of(count);
  for (size_t p = 0; p < pairs.size(); ++p) {
    pairs_of[pairs[p].i].push_back(static_cast<int>(p));
    pairs_of[pairs[p].j].push_back(static_cast<int>(p));
  }
  double confidence = 0;
  for (const MatchedPair& pair : pairs) {
    for (const DepthMatch& match : pair.matches)
      confidence += static_cast<double>(match.weight_i) + match.weight_j;
  }
  const double unit =
      confidence > 0 ? options.effective_matches * static_cast<double>(pairs.size()) / confidence : 0;
  std::vector<DepthCorrection> corrections(count);
  ParallelFor(count, threads, [&](int k) {
    const ImageF& depth = observations.keyframes[k].depth_m;
    if (pairs_of[k].empty() || depth.width < 2 || depth.height < 2) return;
    DepthCorrection grid = MakeGrid(depth.width, depth.height, options.spacing_px);
    for (int iteration = 0; iteration < options.iterations; ++iteration) {
      KeyframeProblem problem(variables, view, observations, options, &grid);
      for (const int p : pairs_of[k]) problem.AddPair(pairs[p], k, unit);
      problem.AddPrior();
      problem.Step();
    }
    corrections[k] = std::move(grid);
  });
  return corrections;
}

void ApplyCorrections(const std::vector<DepthCorrection>& corrections,
                      Observations* observations,
                      std::vector<MatchedPair>* pairs) {
  for (size_t k = 0; k < corrections.size(); ++k) {
    ImageF& depth = observations->keyframes[k].depth_m;
    for (int y = 0; y < depth.height; ++y) {
      for (int x = 0; x < depth.width; ++x) {
        depth.At(x, y) = static_cast<float>(depth.At(x, y) * std::exp(corrections[k].At(x, y)));
      }
    }
  }
  const double center_x = observations->camera.pinhole.center_x_px,
               center_y = observations->camera.pinhole.center_y_px;
  for (MatchedPair& pair : *pairs) {
    for (DepthMatch& m : pair.matches) {
      m.depth_i = static_cast<float>(m.depth_i *
                                     std::exp(corrections[pair.i].At(m.x_i + center_x, m.y_i + center_y)));
      m.depth_j = static_cast<float>(m.depth_j *
                                     std::exp(corrections[pair.j].At(m.x_j + center_x, m.y_j + center_y)));
    }
  }
}

}  // namespace foothold
