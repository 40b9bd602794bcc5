// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/box_size.h"

#include "foothold/objective/box_residual.h"

namespace foothold {
namespace {

constexpr double kMinDepth_m = 0.2;

}  // namespace

BoxSizeTerm::BoxSizeTerm(const Variables& variables,
                         std::vector<BoxHeight> boxes,
                         const BoxSizeOptions& options)
    : variables_(variables),
      boxes_(std::move(boxes)),
      options_(options),
      loss_(options.gamma, options.epsilon) {
  for (const BoxHeight& box : boxes_) {
    const BodyVariable& body = variables.bodies[box.body];
    blocks_.push_back({body.block, variables.people[body.person].shape_block, variables.focal_block});
  }
}

void BoxSizeTerm::Anneal(double progress) {
  loss_ = RobustLoss::Annealed(options_.gamma, options_.epsilon, progress);
}

double BoxSizeTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  const BoxHeight& box = boxes_[group];
  const BodyState body = ReadBody(variables_, view, box.body);
  const auto vertex = [&](int index, BodyJacobian* jacobian) {
    return VertexWithJacobian(*variables_.body_model,
                              body.skeleton,
                              body.shape,
                              body.pose_in_cam,
                              index,
                              system == nullptr ? nullptr : jacobian);
  };
  BodyJacobian top_by_body, bottom_by_body;
  const Vec3d top = vertex(box.top_vertex, &top_by_body);
  const Vec3d bottom = vertex(box.bottom_vertex, &bottom_by_body);
  BoxDerivatives<double> d;
  const double whiten = 1 / options_.sigma;
  const double residual =
      whiten * BoxHeightResidual(top, bottom, ReadFocal(variables_, view), box.height_px, kMinDepth_m, &d);
  double weight;
  const double cost = box.confidence * loss_.CostAndWeight(residual * residual, &weight);
  if (system == nullptr) return cost;
  BodyJacobian row = BodyJacobian::Zero();
  for (int c = 0; c < kBodyDof; ++c) {
    for (int r = 0; r < 3; ++r) {
      row(0, c) += whiten * (d.by_top[r] * top_by_body(r, c) + d.by_bottom[r] * bottom_by_body(r, c));
    }
  }
  GroupJacobian jacobian(3, system->size);  // Rows 1 and 2 stay zero.
  const int shape_column = variables_.body_dof();
  jacobian.AddBody(0, 0, shape_column, variables_.active_joints, row);
  jacobian.At(0, shape_column + kNumShape) = whiten * d.by_log_focal;
  system->Add(1, jacobian.data(), &residual, box.confidence * weight);
  return cost;
}

}  // namespace foothold
