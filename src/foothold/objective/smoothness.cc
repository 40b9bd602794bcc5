// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/smoothness.h"

namespace foothold {
namespace {

// Joints whose accelerations count. Together they see every optimised rotation.
constexpr int kSmoothJoints[] = {
    kPelvis, kNeck, kLeftShoulder, kRightShoulder, kLeftKnee, kRightKnee, kLeftAnkle, kRightAnkle};
constexpr int kNumSmoothJoints = static_cast<int>(std::size(kSmoothJoints));

}  // namespace

SmoothnessTerm::SmoothnessTerm(const Variables& variables, const SmoothnessOptions& options)
    : variables_(variables), options_(options) {
  for (const PersonVariables& person : variables.people) {
    for (size_t n = 2; n < person.bodies.size(); ++n) {
      Group group;
      std::array<double, 3> time_s{};
      for (int k = 0; k < 3; ++k) {
        group.bodies[k] = person.bodies[n - 2 + k];
        const BodyVariable& body = variables.bodies[group.bodies[k]];
        time_s[k] = variables.keyframe_time_s[body.keyframe];
        group.blocks.push_back(variables.camera_blocks[body.keyframe]);
        group.blocks.push_back(body.block);
      }
      const double before = time_s[1] - time_s[0], after = time_s[2] - time_s[1];
      if (before > options.max_gap_s || after > options.max_gap_s) continue;
      group.blocks.push_back(person.shape_block);
      const double mean = (before + after) / 2;
      group.coefficients_per_s2 = {1 / (before * mean), -(1 / before + 1 / after) / mean, 1 / (after * mean)};
      groups_.push_back(group);
    }
  }
}

int SmoothnessTerm::num_residuals() const { return 3 * kNumSmoothJoints * num_groups(); }

double SmoothnessTerm::Evaluate(const ParameterView& view, int index, GroupSystem* system) const {
  const Group& group = groups_[index];
  const int stride = kCameraDof + variables_.body_dof();
  std::array<BodyState, 3> body;
  std::array<CameraState, 3> camera;
  for (int k = 0; k < 3; ++k) {
    body[k] = ReadBody(variables_, view, group.bodies[k]);
    camera[k] = ReadCamera(variables_, view, variables_.bodies[group.bodies[k]].keyframe);
  }
  double cost = 0;
  for (const int joint : kSmoothJoints) {
    const bool is_knee = joint == kLeftKnee || joint == kRightKnee;
    const bool is_foot = joint == kLeftAnkle || joint == kRightAnkle;
    const double whiten = 1 / (is_foot   ? options_.foot_mps2
                               : is_knee ? options_.knee_mps2
                                         : options_.trunk_mps2);
    Vec3d residual = Vec3d::Zero();
    GroupJacobian jacobian(3, system == nullptr ? 0 : system->size);
    for (int k = 0; k < 3; ++k) {
      const double factor = whiten * group.coefficients_per_s2[k];
      BodyJacobian by_body;
      const Vec3d turned = camera[k].rotation * JointWithJacobian(*variables_.body_model,
                                                                  body[k].skeleton,
                                                                  body[k].pose_in_cam,
                                                                  joint,
                                                                  system == nullptr ? nullptr : &by_body);
      residual = residual + factor * (turned + camera[k].world_from_cam.translation);
      if (system == nullptr) continue;
      jacobian.Add(0, k * stride, Skew(turned), -factor);
      jacobian.Add(0, k * stride + 3, Mat3d::Identity(), factor);
      jacobian.AddBody(0,
                       k * stride + kCameraDof,
                       3 * stride,
                       variables_.active_joints,
                       Scaled(factor, Rotated(camera[k].rotation, by_body)));
    }
    cost += SquaredNorm(residual) / 2;
    if (system != nullptr) system->Add(3, jacobian.data(), residual.data, 1.0);
  }
  return cost;
}

}  // namespace foothold
