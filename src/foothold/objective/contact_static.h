// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/objective/robust_loss.h"
#include "foothold/objective/variables.h"

namespace foothold {

// One vertex that stays where it is in the world from body `first` to body `second` of one person.
struct StaticContact {
  int first = 0, second = 0;  // Into Variables::bodies.
  int vertex = 0;
  double confidence = 1;
};

struct ContactStaticOptions {
  double sigma_m = 0.02;
  double gamma = 0.4;
  double epsilon = 1.0;           // In sigmas.
  double effective_contacts = 4;  // As in ContactScaleOptions, per pair of bodies.
};

// Contact static: planted feet do not move in the world.
class ContactStaticTerm : public EnergyTerm {
 public:
  ContactStaticTerm(const Variables& variables,
                    std::vector<StaticContact> contacts,
                    const ContactStaticOptions& options);

  std::string name() const override { return "contact_static"; }
  int num_residuals() const override { return 3 * static_cast<int>(contacts_.size()); }
  int num_groups() const override { return static_cast<int>(groups_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return groups_[group].blocks; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override;

 private:
  struct Group {
    std::vector<int> blocks;  // Camera, body, camera, body, shape.
    int begin, end;           // Into contacts_.
    double weight;            // Per unit of confidence.
  };

  const Variables& variables_;
  std::vector<StaticContact> contacts_;  // By first, then second.
  ContactStaticOptions options_;
  RobustLoss loss_;
  std::vector<Group> groups_;
};

}  // namespace foothold
