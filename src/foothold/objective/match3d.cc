// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/match3d.h"

#include <cmath>

#include "foothold/objective/relative_twist.h"

namespace foothold {
namespace {

double WeightOf(const DepthMatch& match) {
  return std::sqrt(static_cast<double>(match.weight_i) * match.weight_j);
}

}  // namespace

Match3dTerm::Match3dTerm(const Variables& variables,
                         const std::vector<MatchedPair>& pairs,
                         const Match3dOptions& options)
    : variables_(variables), pairs_(pairs), options_(options), loss_(options.gamma, options.epsilon) {
  double sum = 0;
  for (const MatchedPair& pair : pairs) {
    blocks_.push_back(
        {variables.camera_blocks[pair.i], variables.camera_blocks[pair.j], variables.focal_block});
    for (const DepthMatch& match : pair.matches) {
      const double weight = WeightOf(match);
      sum += weight;
      num_residuals_ += weight > 0 ? 3 : 0;
    }
  }
  if (sum > 0) weight_ = options.effective_matches * static_cast<double>(pairs.size()) / sum;
}

void Match3dTerm::Anneal(double progress) {
  loss_ = RobustLoss::Annealed(options_.gamma, options_.epsilon, progress);
}

double Match3dTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  const MatchedPair& pair = pairs_[group];
  const CameraState target = ReadCamera(variables_, view, pair.i);
  const CameraState source = ReadCamera(variables_, view, pair.j);
  const double focal = ReadFocal(variables_, view);
  const RelativeView<double> relative = TargetFromSource(target, source);
  const double whiten2 = 1 / (options_.sigma * options_.sigma);
  RelativeSystem<kAlignmentColumns> sums;
  double cost = 0;
  for (const DepthMatch& match : pair.matches) {
    const double weight = weight_ * WeightOf(match);
    if (!(weight > 0)) continue;
    const MatchSide<double> side_i{{match.x_i, match.y_i}, match.depth_i};
    const MatchSide<double> side_j{{match.x_j, match.y_j}, match.depth_j};
    Vec3d residual;
    Mat<double, 3, kAlignmentColumns> jacobian;
    AlignmentResidual(relative,
                      side_j,
                      source.scale,
                      side_i,
                      target.scale,
                      focal,
                      &residual,
                      system == nullptr ? nullptr : &jacobian);
    const double norm2 = whiten2 * SquaredNorm(residual);
    double loss_weight;
    cost += weight * loss_.CostAndWeight(norm2, &loss_weight);
    if (system != nullptr) sums.Add(jacobian, residual, weight * whiten2 * loss_weight);
  }
  if (system != nullptr) {
    auto chain = PairChain<kAlignmentColumns>(target, source, false);
    chain(kTargetLogScale, kLogScale) = 1;
    chain(kAlignmentLogFocal, kPairDof - 1) = 1;
    sums.AddTo(chain, system);
  }
  return cost;
}

}  // namespace foothold
