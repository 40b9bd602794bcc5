// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/objective/match_sums.h"
#include "foothold/objective/matches.h"
#include "foothold/objective/robust_loss.h"
#include "foothold/objective/variables.h"

namespace foothold {

// 2D correspondence (JOSH's L2D): each point of a match, projected into the other keyframe, meets its
// pixel. Both directions.
struct Match2dOptions {
  double sigma_px = 1.0;
  double gamma = 0.4;
  double epsilon = 1.0;  // In sigmas.
  // A point behind the other camera, or further off than this, costs this much and does not pull.
  double max_error_px = 500;
  // A pair weighs like this many independent matches: what is left of the errors is smooth.
  double effective_matches = 100;
};

class Match2dTerm : public EnergyTerm {
 public:
  // `variables` and `memory`, where the matches lie, outlive the term.
  Match2dTerm(const Variables& variables,
              const std::vector<MatchedPair>& pairs,
              const Match2dOptions& options,
              std::pmr::memory_resource* memory = std::pmr::get_default_resource());

  std::string name() const override { return "match2d"; }
  int num_residuals() const override { return num_residuals_; }
  int num_groups() const override { return static_cast<int>(blocks_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override;

 private:
  double EvaluateDirection(const ParameterView& view,
                           int group,
                           bool source_first,
                           GroupSystem* system) const;

  const Variables& variables_;
  PackedMatches matches_;
  Match2dOptions options_;
  RobustLoss loss_;
  MatchKernelParameters kernel_;  // As loss_.
  ProjectionLimits limits_;
  std::vector<std::vector<int>> blocks_;
  double weight_ = 0;  // Per unit of confidence.
  int num_residuals_ = 0;
};

}  // namespace foothold
