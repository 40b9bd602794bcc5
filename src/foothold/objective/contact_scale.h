// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/objective/contact_residual.h"
#include "foothold/objective/robust_loss.h"
#include "foothold/objective/variables.h"

namespace foothold {

// A body vertex that touches the scene, and the piece of pointmap it touches.
struct ScaleContact {
  int body = 0;  // Into Variables::bodies.
  int vertex = 0;
  InverseDepthPlane<double> plane;
  double sigma = 0.05;  // Of the log depth ratio.
  double confidence = 1;
};

struct ContactScaleOptions {
  double gamma = 0.4;
  double epsilon = 1.0;  // In sigmas.
  // Vertices of one body in one keyframe share its error: together they weigh like this many.
  double effective_contacts = 2;
};

// Contact scale: where a body touches the scene, the scaled scene lies at the depth of the body. The
// only term that ties the scene's scale to metres.
class ContactScaleTerm : public EnergyTerm {
 public:
  ContactScaleTerm(const Variables& variables,
                   std::vector<ScaleContact> contacts,
                   const ContactScaleOptions& options);

  std::string name() const override { return "contact_scale"; }
  int num_residuals() const override { return static_cast<int>(contacts_.size()); }
  int num_groups() const override { return static_cast<int>(groups_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return groups_[group].blocks; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override;

 private:
  struct Group {
    std::vector<int> blocks;  // Camera, body, shape, focal.
    int begin, end;           // Into contacts_.
    double weight;            // Per unit of confidence.
  };

  const Variables& variables_;
  std::vector<ScaleContact> contacts_;  // By body.
  ContactScaleOptions options_;
  RobustLoss loss_;
  std::vector<Group> groups_;
};

}  // namespace foothold
