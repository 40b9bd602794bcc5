// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/objective/variables.h"

namespace foothold {

// Weak squared priors that keep what the matches leave open where it was: focal length, scale of each
// keyframe, and the motion from each keyframe to the next. One standard deviation each.
struct CameraPriorOptions {
  double log_focal = 0.05;
  double log_scale = 1.0;
  double rotation_rad = 0.5;   // Per keyframe step.
  double translation_m = 0.5;  // Per keyframe step, plus the initial step's length.
};

class CameraPriorTerm : public EnergyTerm {
 public:
  // `initial`: the values the priors are centred on.
  CameraPriorTerm(const Variables& variables,
                  const std::vector<double>& initial,
                  const CameraPriorOptions& options);

  std::string name() const override { return "camera_prior"; }
  int num_residuals() const override;
  // Focal; then one per keyframe for the scale; then one per step.
  int num_groups() const override { return static_cast<int>(blocks_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;

 private:
  double EvaluateScalar(double value, double whiten, int column, GroupSystem* system) const;
  double EvaluateStep(const ParameterView& view, int first, GroupSystem* system) const;

  const Variables& variables_;
  CameraPriorOptions options_;
  std::vector<std::vector<int>> blocks_;
  std::vector<double> initial_log_scale_;
  std::vector<Rigid3d> initial_step_;  // previous_from_next
};

}  // namespace foothold
