// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/objective/robust_loss.h"
#include "foothold/objective/variables.h"

namespace foothold {

// How tall a body is seen, by the detection's box, and the vertices that span it.
struct BoxHeight {
  int body = 0;  // Into Variables::bodies.
  int top_vertex = 0, bottom_vertex = 0;
  double height_px = 0;
  double confidence = 1;
};

struct BoxSizeOptions {
  double sigma = 0.05;  // Of the log height; boxes err by a few per cent.
  double gamma = 0.4;
  double epsilon = 1.0;  // In sigmas.
};

// The image size of a body: its depth over focal length, for its own size. Perception's initial depth
// is a guess along the ray; the box is seen.
class BoxSizeTerm : public EnergyTerm {
 public:
  BoxSizeTerm(const Variables& variables, std::vector<BoxHeight> boxes, const BoxSizeOptions& options);

  std::string name() const override { return "box_size"; }
  int num_residuals() const override { return static_cast<int>(boxes_.size()); }
  int num_groups() const override { return static_cast<int>(boxes_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override;

 private:
  const Variables& variables_;
  std::vector<BoxHeight> boxes_;
  BoxSizeOptions options_;
  RobustLoss loss_;
  std::vector<std::vector<int>> blocks_;  // Body, shape, focal.
};

}  // namespace foothold
