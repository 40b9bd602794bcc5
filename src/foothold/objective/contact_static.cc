// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/contact_static.h"

#include <algorithm>
#include <tuple>

namespace foothold {

ContactStaticTerm::ContactStaticTerm(const Variables& variables,
                                     std::vector<StaticContact> contacts,
                                     const ContactStaticOptions& options)
    : variables_(variables),
      contacts_(std::move(contacts)),
      options_(options),
      loss_(options.gamma, options.epsilon) {
  std::stable_sort(contacts_.begin(), contacts_.end(), [](const StaticContact& a, const StaticContact& b) {
    return std::tie(a.first, a.second) < std::tie(b.first, b.second);
  });
  const int count = static_cast<int>(contacts_.size());
  for (int begin = 0; begin < count;) {
    Group group;
    group.begin = begin;
    double confidence = 0;
    for (group.end = begin; group.end < count && contacts_[group.end].first == contacts_[begin].first &&
                            contacts_[group.end].second == contacts_[begin].second;
         ++group.end) {
      confidence += contacts_[group.end].confidence;
    }
    const BodyVariable& first = variables.bodies[contacts_[begin].first];
    const BodyVariable& second = variables.bodies[contacts_[begin].second];
    group.blocks = {variables.camera_blocks[first.keyframe],
                    first.block,
                    variables.camera_blocks[second.keyframe],
                    second.block,
                    variables.people[first.person].shape_block};
    group.weight = options.effective_contacts / std::max(options.effective_contacts, confidence);
    groups_.push_back(group);
    begin = group.end;
  }
}

void ContactStaticTerm::Anneal(double progress) {
  loss_ = RobustLoss::Annealed(options_.gamma, options_.epsilon, progress);
}

double ContactStaticTerm::Evaluate(const ParameterView& view, int index, GroupSystem* system) const {
  const Group& group = groups_[index];
  const int bodies[2] = {contacts_[group.begin].first, contacts_[group.begin].second};
  const int body_dof = variables_.body_dof();
  const int shape_column = 2 * (kCameraDof + body_dof);
  const double whiten = 1 / options_.sigma_m;
  BodyState body[2];
  CameraState camera[2];
  for (int side = 0; side < 2; ++side) {
    body[side] = ReadBody(variables_, view, bodies[side]);
    camera[side] = ReadCamera(variables_, view, variables_.bodies[bodies[side]].keyframe);
  }
  double cost = 0;
  for (int i = group.begin; i < group.end; ++i) {
    Vec3d residual = Vec3d::Zero();
    GroupJacobian jacobian(3, system == nullptr ? 0 : system->size);
    for (int side = 0; side < 2; ++side) {
      const double sign = side == 0 ? -whiten : whiten;
      BodyJacobian by_body;
      const Vec3d turned = camera[side].rotation * VertexWithJacobian(*variables_.body_model,
                                                                      body[side].skeleton,
                                                                      body[side].shape,
                                                                      body[side].pose_in_cam,
                                                                      contacts_[i].vertex,
                                                                      system == nullptr ? nullptr : &by_body);
      residual = residual + sign * (turned + camera[side].world_from_cam.translation);
      if (system == nullptr) continue;
      const int column = side * (kCameraDof + body_dof);
      jacobian.Add(0, column, Skew(turned), -sign);
      jacobian.Add(0, column + 3, Mat3d::Identity(), sign);
      jacobian.AddBody(0,
                       column + kCameraDof,
                       shape_column,
                       variables_.active_joints,
                       Scaled(sign, Rotated(camera[side].rotation, by_body)));
    }
    const double weight = group.weight * contacts_[i].confidence;
    const double norm2 = SquaredNorm(residual);
    cost += weight * loss_.Cost(norm2);
    if (system != nullptr) system->Add(3, jacobian.data(), residual.data, weight * loss_.Weight(norm2));
  }
  return cost;
}

}  // namespace foothold
