// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/match3d.h"

#include <cmath>
#include <utility>

#include "foothold/objective/relative_twist.h"

namespace foothold {

std::shared_ptr<const PackedMatches> PackAlignments(const std::vector<MatchedPair>& pairs,
                                                    int max_per_pair,
                                                    std::pmr::memory_resource* memory) {
  size_t count = 0;
  for (const MatchedPair& pair : pairs) count += NumUsedMatches(pair.matches.size(), max_per_pair);
  MatchPacker packer(count, pairs.size(), memory);
  for (const MatchedPair& pair : pairs) {
    packer.BeginPair(pair.i, pair.j);
    const size_t used = NumUsedMatches(pair.matches.size(), max_per_pair);
    for (size_t n = 0; n < used; ++n) {
      const DepthMatch& match = pair.matches[UsedMatch(n, used, pair.matches.size())];
      const float weight = std::sqrt(match.weight_i * match.weight_j);
      if (weight > 0) packer.Add(FirstEnd(match), SecondEnd(match), weight);
    }
  }
  return std::make_shared<const PackedMatches>(packer.Finish());
}

Match3dTerm::Match3dTerm(const Variables& variables,
                         std::shared_ptr<const PackedMatches> matches,
                         const Match3dOptions& options)
    : variables_(variables),
      matches_(std::move(matches)),
      options_(options),
      loss_(options.gamma, options.epsilon) {
  for (const PackedPair& pair : matches_->pairs) {
    blocks_.push_back(
        {variables.camera_blocks[pair.i], variables.camera_blocks[pair.j], variables.focal_block});
  }
  double sum = 0;
  for (const float confidence : matches_->confidence) {
    sum += confidence;
    num_residuals_ += confidence > 0 ? (options.distance_only ? 1 : 3) : 0;
  }
  if (sum > 0) weight_ = options.effective_matches * static_cast<double>(blocks_.size()) / sum;
}

void Match3dTerm::Anneal(double progress) {
  loss_ = RobustLoss::Annealed(options_.gamma, options_.epsilon, progress);
}

double Match3dTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  const PackedPair& pair = matches_->pairs[group];
  const CameraState target = ReadCamera(variables_, view, pair.i);
  const CameraState source = ReadCamera(variables_, view, pair.j);
  const PairGeometry geometry = StillDepthGeometry(target, source, ReadFocal(variables_, view));
  const MatchKernelParameters kernel{loss_.gamma(), loss_.epsilon(), options_.sigma};
  const AlignResidual residual =
      options_.distance_only ? AlignResidual::kDistanceRatio : AlignResidual::kRelative;
  const RelativeAlignSums<double> sums =
      SumRelativeAlignment(*matches_, group, geometry, kernel, residual, system != nullptr);
  const double unit = weight_ * loss_.scale();
  if (system != nullptr) {
    auto chain = PairChain<kNumAlign>(target, source, false);
    chain(kTargetLogScale, kLogScale) = 1;
    chain(kAlignmentLogFocal, kPairDof - 1) = 1;
    RelativeSystem<kNumAlign>::FromSums(sums, unit).AddTo(chain, system);
  }
  return unit * sums.cost;
}

}  // namespace foothold
