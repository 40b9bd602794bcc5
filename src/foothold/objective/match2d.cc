// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/match2d.h"

#include "foothold/objective/pair_system.h"

namespace foothold {
namespace {

// A tenth of a millimetre per metre of depth in front of the camera.
constexpr double kMinRelativeDepth = 1e-4;
// Points behind a camera are projected this far off per unit of depth: well beyond any limit.
constexpr double kBehind_px = 1e4;
constexpr double kFarthest_px = 1e6;
// Beyond every error that counts, and small enough that its fourth power over the focal length's is a float.
constexpr double kMostProjected_px = 1e6;

}  // namespace

Match2dTerm::Match2dTerm(const Variables& variables,
                         const std::vector<MatchedPair>& pairs,
                         const Match2dOptions& options,
                         std::pmr::memory_resource* memory)
    : variables_(variables), matches_(memory), options_(options), loss_(options.gamma, options.epsilon) {
  double sum = 0;
  size_t count = 0;
  for (const MatchedPair& pair : pairs) count += pair.matches.size();
  MatchPacker packer(count, pairs.size(), memory);
  for (const MatchedPair& pair : pairs) {
    blocks_.push_back(
        {variables.camera_blocks[pair.i], variables.camera_blocks[pair.j], variables.focal_block});
    packer.BeginPair(pair.i, pair.j);
    for (const DepthMatch& match : pair.matches) {
      packer.Add(FirstEnd(match), SecondEnd(match), match.weight_i, match.weight_j);
      sum += static_cast<double>(match.weight_i) + match.weight_j;
      num_residuals_ += (match.weight_i > 0 ? 2 : 0) + (match.weight_j > 0 ? 2 : 0);
    }
  }
  matches_ = packer.Finish();
  // Both directions share one match: half the sum is the confidence of the pair.
  if (sum > 0) weight_ = options.effective_matches * static_cast<double>(pairs.size()) / sum;
  limits_.min_depth = 0;
  limits_.min_depth_ratio = kMinRelativeDepth;
  limits_.center_px = {kBehind_px, kBehind_px};
  limits_.low_px = {-kMostProjected_px, -kMostProjected_px};
  limits_.high_px = {kMostProjected_px, kMostProjected_px};
}

void Match2dTerm::Anneal(double progress) {
  loss_ = RobustLoss::Annealed(options_.gamma, options_.epsilon, progress);
}

double Match2dTerm::EvaluateDirection(const ParameterView& view,
                                      int group,
                                      bool source_first,
                                      GroupSystem* system) const {
  const PackedPair& pair = matches_.pairs[group];
  const CameraState target = ReadCamera(variables_, view, source_first ? pair.j : pair.i);
  const CameraState source = ReadCamera(variables_, view, source_first ? pair.i : pair.j);
  const PairGeometry geometry = StillDepthGeometry(target, source, ReadFocal(variables_, view));
  const MatchKernelParameters kernel{
      loss_.gamma(), loss_.epsilon(), options_.sigma_px, options_.max_error_px};
  const ReprojectSums<double> sums =
      SumReprojection(matches_, group, source_first, geometry, limits_, kernel, system != nullptr);
  const double unit = weight_ * loss_.scale();
  if (system != nullptr) {
    auto chain = PairChain<kNumReproject>(target, source, source_first);
    chain(kReprojectionLogFocal, kPairDof - 1) = 1;
    ReprojectSystem(sums, geometry.translation_m, unit).AddTo(chain, system);
  }
  return unit * sums.cost;
}

double Match2dTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  return EvaluateDirection(view, group, false, system) + EvaluateDirection(view, group, true, system);
}

}  // namespace foothold
