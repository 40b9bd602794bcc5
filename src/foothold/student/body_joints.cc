// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/body_joints.h"

#include <vector>

namespace foothold {
namespace {

at::Tensor LengthOf(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
}

}  // namespace

at::Tensor RotationFromRows(const at::Tensor& rows) {
  constexpr double kSmallest = 1e-12;
  const at::Tensor a = rows.narrow(-1, 0, 3), b = rows.narrow(-1, 3, 3);
  const at::Tensor first = a / LengthOf(a).clamp_min(kSmallest);
  const at::Tensor rest = b - (first * b).sum(-1, /*keepdim=*/true) * first;
  const at::Tensor second = rest / LengthOf(rest).clamp_min(kSmallest);
  return at::stack({first, second, at::linalg_cross(first, second)}, -2);
}

at::Tensor RotationFromAxisAngle(const at::Tensor& axis_angles) {
  const at::Tensor angle = LengthOf(axis_angles).clamp_min(1e-12);
  const at::Tensor axis = axis_angles / angle;
  const at::Tensor x = axis.select(-1, 0), y = axis.select(-1, 1), z = axis.select(-1, 2),
                   zero = at::zeros_like(x);
  const at::Tensor cross = at::stack({zero, -z, y, z, zero, -x, -y, x, zero}, -1).unflatten(-1, {3, 3});
  const at::Tensor theta = angle.unsqueeze(-1);
  return at::eye(3, axis_angles.options()) + at::sin(theta) * cross +
         (1 - at::cos(theta)) * at::matmul(cross, cross);
}

BodyJoints::BodyJoints(const BodyModel& model, at::Device device, at::ScalarType type)
    : parents_(model.parents) {
  std::vector<double> rest, directions;
  for (const Vec3d& joint : model.joint_template_m) rest.insert(rest.end(), joint.data, joint.data + 3);
  for (int s = 0; s < kNumShape; ++s) {
    for (const auto& joint : model.joint_dirs_m)
      directions.insert(directions.end(), joint[s].data, joint[s].data + 3);
  }
  const auto to_tensor = [&](const std::vector<double>& values) {
    return at::tensor(values, at::dtype(at::kDouble)).to(device, type);
  };
  template_ = to_tensor(rest).view({kNumJoints, 3});
  shape_dirs_ = to_tensor(directions).view({kNumShape, kNumJoints * 3});
}

at::Tensor BodyJoints::operator()(const at::Tensor& shape,
                                  const at::Tensor& root,
                                  const at::Tensor& pose,
                                  const at::Tensor& translation) const {
  const at::Tensor rest =
      template_ + at::matmul(shape, shape_dirs_).unflatten(-1, {kNumJoints, 3});  // [B, 24, 3]
  const at::Tensor local = RotationFromAxisAngle(pose);                           // [B, 23, 3, 3]
  std::vector<at::Tensor> rotations = {root}, joints = {rest.select(1, 0) + translation};
  for (int k = 1; k < kNumJoints; ++k) {
    const int parent = parents_[k];
    const at::Tensor bone = (rest.select(1, k) - rest.select(1, parent)).unsqueeze(-1);
    joints.push_back(joints[parent] + at::matmul(rotations[parent], bone).squeeze(-1));
    rotations.push_back(at::matmul(rotations[parent], local.select(1, k - 1)));
  }
  return at::stack(joints, 1);
}

}  // namespace foothold
