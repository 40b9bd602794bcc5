// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/match2d.h"

#include "foothold/objective/relative_twist.h"

namespace foothold {
namespace {

// A tenth of a millimetre per metre of depth in front of the camera.
constexpr double kMinRelativeDepth = 1e-4;

}  // namespace

Match2dTerm::Match2dTerm(const Variables& variables,
                         const std::vector<MatchedPair>& pairs,
                         const Match2dOptions& options)
    : variables_(variables), pairs_(pairs), options_(options), loss_(options.gamma, options.epsilon) {
  double sum = 0;
  for (const MatchedPair& pair : pairs) {
    blocks_.push_back(
        {variables.camera_blocks[pair.i], variables.camera_blocks[pair.j], variables.focal_block});
    for (const DepthMatch& match : pair.matches) {
      sum += static_cast<double>(match.weight_i) + match.weight_j;
      num_residuals_ += (match.weight_i > 0 ? 2 : 0) + (match.weight_j > 0 ? 2 : 0);
    }
  }
  // Both directions share one match: half the sum is the confidence of the pair.
  if (sum > 0) weight_ = options.effective_matches * static_cast<double>(pairs.size()) / sum;
}

void Match2dTerm::Anneal(double progress) {
  loss_ = RobustLoss::Annealed(options_.gamma, options_.epsilon, progress);
}

double Match2dTerm::EvaluateDirection(const ParameterView& view,
                                      int group,
                                      bool source_first,
                                      GroupSystem* system) const {
  const MatchedPair& pair = pairs_[group];
  const CameraState target = ReadCamera(variables_, view, source_first ? pair.j : pair.i);
  const CameraState source = ReadCamera(variables_, view, source_first ? pair.i : pair.j);
  const double focal = ReadFocal(variables_, view);
  const RelativeView<double> relative = TargetFromSource(target, source);
  const double whiten2 = 1 / (options_.sigma_px * options_.sigma_px);
  const double max_norm2 = whiten2 * options_.max_error_px * options_.max_error_px;
  const double max_cost = loss_.Cost(max_norm2);
  RelativeSystem<kReprojectionColumns> sums;
  double cost = 0;
  for (const DepthMatch& match : pair.matches) {
    const double weight = weight_ * (source_first ? match.weight_i : match.weight_j);
    if (!(weight > 0)) continue;
    const Vec2d offset_i{match.x_i, match.y_i}, offset_j{match.x_j, match.y_j};
    const MatchSide<double> side = source_first ? MatchSide<double>{offset_i, match.depth_i}
                                                : MatchSide<double>{offset_j, match.depth_j};
    const double min_depth = kMinRelativeDepth * side.depth * source.scale;
    Vec2d residual;
    Mat<double, 2, kReprojectionColumns> jacobian;
    const bool seen = ReprojectionResidual(relative,
                                           side,
                                           source.scale,
                                           focal,
                                           source_first ? offset_j : offset_i,
                                           min_depth,
                                           &residual,
                                           system == nullptr ? nullptr : &jacobian);
    const double norm2 = seen ? whiten2 * SquaredNorm(residual) : max_norm2;
    if (!(norm2 < max_norm2)) {
      cost += weight * max_cost;
      continue;
    }
    double loss_weight;
    cost += weight * loss_.CostAndWeight(norm2, &loss_weight);
    if (system != nullptr) sums.Add(jacobian, residual, weight * whiten2 * loss_weight);
  }
  if (system != nullptr) {
    auto chain = PairChain<kReprojectionColumns>(target, source, source_first);
    chain(kReprojectionLogFocal, kPairDof - 1) = 1;
    sums.AddTo(chain, system);
  }
  return cost;
}

double Match2dTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  return EvaluateDirection(view, group, false, system) + EvaluateDirection(view, group, true, system);
}

}  // namespace foothold
