// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/contact_scale.h"

#include <algorithm>

namespace foothold {

ContactScaleTerm::ContactScaleTerm(const Variables& variables,
                                   std::vector<ScaleContact> contacts,
                                   const ContactScaleOptions& options)
    : variables_(variables),
      contacts_(std::move(contacts)),
      options_(options),
      loss_(options.gamma, options.epsilon) {
  std::stable_sort(contacts_.begin(), contacts_.end(), [](const ScaleContact& a, const ScaleContact& b) {
    return a.body < b.body;
  });
  const int count = static_cast<int>(contacts_.size());
  for (int begin = 0; begin < count;) {
    Group group;
    group.begin = begin;
    double confidence = 0;
    for (group.end = begin; group.end < count && contacts_[group.end].body == contacts_[begin].body;
         ++group.end) {
      confidence += contacts_[group.end].confidence;
    }
    const BodyVariable& body = variables.bodies[contacts_[begin].body];
    group.blocks = {variables.camera_blocks[body.keyframe],
                    body.block,
                    variables.people[body.person].shape_block,
                    variables.focal_block};
    const double most = std::max(options.effective_contacts, confidence);
    group.weight = options.effective_contacts / most;
    groups_.push_back(group);
    begin = group.end;
  }
}

void ContactScaleTerm::Anneal(double progress) {
  loss_ = RobustLoss::Annealed(options_.gamma, options_.epsilon, progress);
}

double ContactScaleTerm::Evaluate(const ParameterView& view, int index, GroupSystem* system) const {
  const Group& group = groups_[index];
  const int body_index = contacts_[group.begin].body;
  const BodyState body = ReadBody(variables_, view, body_index);
  const double log_scale = view.Block(group.blocks[0])[7];
  const double focal = ReadFocal(variables_, view);
  const int body_column = kCameraDof;
  const int shape_column = body_column + variables_.body_dof();
  const int focal_column = shape_column + kNumShape;
  double cost = 0;
  for (int i = group.begin; i < group.end; ++i) {
    const ScaleContact& contact = contacts_[i];
    BodyJacobian by_body;
    const Vec3d vertex = VertexWithJacobian(*variables_.body_model,
                                            body.skeleton,
                                            body.shape,
                                            body.pose_in_cam,
                                            contact.vertex,
                                            system == nullptr ? nullptr : &by_body);
    ContactScaleDerivatives<double> d;
    const double whiten = 1 / contact.sigma;
    const double residual = whiten * ContactScaleResidual(contact.plane, vertex, focal, log_scale, &d);
    const double weight = group.weight * contact.confidence;
    cost += weight * loss_.Cost(residual * residual);
    if (system == nullptr) continue;
    Mat<double, 1, 3> by_vertex{d.by_vertex[0], d.by_vertex[1], d.by_vertex[2]};
    const Mat<double, 1, kBodyDof> row = by_vertex * by_body;
    BodyJacobian padded = BodyJacobian::Zero();
    for (int c = 0; c < kBodyDof; ++c) padded(0, c) = whiten * row(0, c);
    GroupJacobian jacobian(3, system->size);  // Rows 1 and 2 stay zero.
    jacobian.AddBody(0, body_column, shape_column, variables_.active_joints, padded);
    jacobian.At(0, kLogScale) = whiten * d.by_log_scale;
    jacobian.At(0, focal_column) = whiten * d.by_log_focal;
    system->Add(1, jacobian.data(), &residual, weight * loss_.Weight(residual * residual));
  }
  return cost;
}

}  // namespace foothold
