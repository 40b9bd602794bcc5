// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "foothold/objective/variables.h"

namespace foothold {

// Squared accelerations of joints in the world over three keyframes in a row, in real time.
struct SmoothnessOptions {
  // Standard deviation of the acceleration over a keyframe interval; feet swing, the trunk does not.
  double trunk_mps2 = 2;
  double knee_mps2 = 8;
  double foot_mps2 = 15;
  // Keyframes further apart than this say nothing about each other.
  double max_gap_s = 0.6;
};

class SmoothnessTerm : public EnergyTerm {
 public:
  SmoothnessTerm(const Variables& variables, const SmoothnessOptions& options);

  std::string name() const override { return "smooth"; }
  int num_residuals() const override;
  int num_groups() const override { return static_cast<int>(groups_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return groups_[group].blocks; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;

 private:
  struct Group {
    std::vector<int> blocks;  // Camera and body three times, shape.
    std::array<int, 3> bodies;
    std::array<double, 3> coefficients_per_s2;  // Acceleration = sum of coefficient * position.
  };

  const Variables& variables_;
  SmoothnessOptions options_;
  std::vector<Group> groups_;
};

}  // namespace foothold
