// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/objective/match_sums.h"
#include "foothold/objective/matches.h"
#include "foothold/objective/robust_loss.h"
#include "foothold/objective/variables.h"

namespace foothold {

// 3D correspondence (JOSH's L3D): the points of a match coincide in the world. The distance counts
// relative to those of the points, so the term does not change with the world's scale.
struct Match3dOptions {
  double sigma = 0.03;  // Relative depth error.
  double gamma = 0.4;
  double epsilon = 1.0;  // In sigmas.
  // Depth errors vary smoothly over the image: a pair weighs like this many independent matches.
  double effective_matches = 20;
  // Only the ratio of distances from the target camera counts, not where the points lie across its view:
  // what remains to say beside reprojection. Errors across the view are errors in pixels over the focal
  // length, so in metres they pull the focal length up.
  bool distance_only = false;
};

// Matches whose depth is known at both ends, among `max_per_pair` of each pair (0: all) as in PackMatches.
std::shared_ptr<const PackedMatches> PackAlignments(
    const std::vector<MatchedPair>& pairs,
    int max_per_pair = 0,
    std::pmr::memory_resource* memory = std::pmr::get_default_resource());

class Match3dTerm : public EnergyTerm {
 public:
  // `variables` outlives the term. Terms may share their matches (PackAlignments).
  Match3dTerm(const Variables& variables,
              std::shared_ptr<const PackedMatches> matches,
              const Match3dOptions& options);

  std::string name() const override { return options_.distance_only ? "match_distance" : "match3d"; }
  int num_residuals() const override { return num_residuals_; }
  int num_groups() const override { return static_cast<int>(blocks_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override;

 private:
  const Variables& variables_;
  std::shared_ptr<const PackedMatches> matches_;
  Match3dOptions options_;
  RobustLoss loss_;
  MatchKernelParameters kernel_;  // As loss_.
  std::vector<std::vector<int>> blocks_;
  double weight_ = 0;  // Per unit of confidence.
  int num_residuals_ = 0;
};

}  // namespace foothold
