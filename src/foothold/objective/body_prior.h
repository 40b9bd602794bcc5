// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/objective/variables.h"

namespace foothold {

// Squared priors of the bodies against perception's initial bodies; one standard deviation each.
struct BodyPriorOptions {
  double depth = 0.10;               // Log depth along the ray.
  double depth_correlation_s = 0.9;  // Its errors last: keyframes closer together share them.
  double pixel_px = 3;               // Of the pelvis across the ray.
  double rotation_rad = 0.10;        // Root and joints, per axis.
  double shape = 0.30;               // Per coefficient.
  double min_depth_m = 0.2;
};

class BodyPriorTerm : public EnergyTerm {
 public:
  BodyPriorTerm(const Variables& variables, const BodyPriorOptions& options);

  std::string name() const override { return "body_prior"; }
  int num_residuals() const override;
  // Bodies first, then one group per person for the shape.
  int num_groups() const override { return static_cast<int>(blocks_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;

 private:
  double EvaluateBody(const ParameterView& view, int body, GroupSystem* system) const;
  double EvaluateShape(const ParameterView& view, int person, GroupSystem* system) const;

  const Variables& variables_;
  BodyPriorOptions options_;
  double whiten_depth_ = 1;
  std::vector<std::vector<int>> blocks_;  // Body: body, shape, focal.
  std::vector<Vec3d> initial_pelvis_in_cam_;
};

}  // namespace foothold
