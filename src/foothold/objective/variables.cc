// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/variables.h"

#include <cmath>

namespace foothold {

CameraState ReadCamera(const Variables& variables, const ParameterView& view, int keyframe) {
  const double* value = view.Block(variables.camera_blocks[keyframe]);
  CameraState camera;
  camera.world_from_cam = ReadRigid(value);
  camera.rotation = MatrixFromQuaternion(camera.world_from_cam.rotation);
  camera.log_scale = value[7];
  camera.scale = std::exp(camera.log_scale);
  return camera;
}

double ReadFocal(const Variables& variables, const ParameterView& view) {
  return variables.initial_focal_px * std::exp(view.Block(variables.focal_block)[0]);
}

BodyShape ReadShape(const Variables& variables, const ParameterView& view, int person) {
  BodyShape shape;
  const double* value = view.Block(variables.people[person].shape_block);
  for (int s = 0; s < kNumShape; ++s) shape[s] = value[s];
  return shape;
}

BodyPose ReadBodyPose(const Variables& variables, const ParameterView& view, int body) {
  BodyPose pose = variables.bodies[body].initial_in_cam;
  const double* value = view.Block(variables.bodies[body].block);
  pose.translation_m = {value[0], value[1], value[2]};
  pose.root = ReadRotation(value + 3);
  for (size_t k = 0; k < variables.active_joints.size(); ++k) {
    pose.joints[variables.active_joints[k] - 1] = ReadRotation(value + 7 + 4 * k);
  }
  return pose;
}

BodyState ReadBody(const Variables& variables, const ParameterView& view, int body) {
  BodyState state;
  state.pose_in_cam = ReadBodyPose(variables, view, body);
  state.shape = ReadShape(variables, view, variables.bodies[body].person);
  state.skeleton = PoseSkeleton(*variables.body_model, state.shape, state.pose_in_cam);
  return state;
}

void GroupJacobian::AddBody(int row,
                            int body_column,
                            int shape_column,
                            const std::vector<int>& active_joints,
                            const BodyJacobian& jacobian) {
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 6; ++c) At(row + r, body_column + c) += jacobian(r, c);
    for (size_t k = 0; k < active_joints.size(); ++k) {
      const int source = kBodyRotation + 3 * active_joints[k];
      const int target = body_column + 6 + 3 * static_cast<int>(k);
      for (int c = 0; c < 3; ++c) At(row + r, target + c) += jacobian(r, source + c);
    }
    if (shape_column < 0) continue;
    for (int s = 0; s < kNumShape; ++s) At(row + r, shape_column + s) += jacobian(r, kBodyShape + s);
  }
}

BodyJacobian Rotated(const Mat3d& left, const BodyJacobian& jacobian) { return left * jacobian; }

BodyJacobian Scaled(double factor, BodyJacobian jacobian) {
  for (double& value : jacobian.data) value *= factor;
  return jacobian;
}

}  // namespace foothold
