// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/camera_prior.h"

#include <cmath>

#include "foothold/objective/prior_residual.h"

namespace foothold {

CameraPriorTerm::CameraPriorTerm(const Variables& variables,
                                 const std::vector<double>& initial,
                                 const CameraPriorOptions& options)
    : variables_(variables), options_(options) {
  const ParameterView view{&variables.layout, initial.data()};
  const int count = static_cast<int>(variables.camera_blocks.size());
  blocks_.push_back({variables.focal_block});
  for (int k = 0; k < count; ++k) {
    blocks_.push_back({variables.camera_blocks[k]});
    initial_log_scale_.push_back(ReadCamera(variables, view, k).log_scale);
  }
  for (int k = 0; k + 1 < count; ++k) {
    blocks_.push_back({variables.camera_blocks[k], variables.camera_blocks[k + 1]});
    initial_step_.push_back(Inverse(ReadCamera(variables, view, k).world_from_cam) *
                            ReadCamera(variables, view, k + 1).world_from_cam);
  }
}

int CameraPriorTerm::num_residuals() const {
  return 1 + static_cast<int>(initial_log_scale_.size()) + 6 * static_cast<int>(initial_step_.size());
}

double CameraPriorTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  const int num_cameras = static_cast<int>(initial_log_scale_.size());
  if (group == 0) {
    const double change = view.Block(variables_.focal_block)[0];
    return EvaluateScalar(change, 1 / options_.log_focal, 0, system);
  }
  if (group <= num_cameras) {
    const double change = view.Block(blocks_[group][0])[7] - initial_log_scale_[group - 1];
    return EvaluateScalar(change, 1 / options_.log_scale, kLogScale, system);
  }
  return EvaluateStep(view, group - 1 - num_cameras, system);
}

double CameraPriorTerm::EvaluateScalar(double value, double whiten, int column, GroupSystem* system) const {
  if (system != nullptr) {
    system->gradient[column] += whiten * whiten * value;
    system->hessian[static_cast<size_t>(column) * (system->size + 1)] += whiten * whiten;
  }
  return whiten * whiten * value * value / 2;
}

double CameraPriorTerm::EvaluateStep(const ParameterView& view, int first, GroupSystem* system) const {
  const CameraState a = ReadCamera(variables_, view, first);
  const CameraState b = ReadCamera(variables_, view, first + 1);
  const Rigid3d& initial = initial_step_[first];
  const Mat3d a_from_world = Transposed(a.rotation);
  const Vec3d apart = b.world_from_cam.translation - a.world_from_cam.translation;

  // Relative rotation R_a^T R_b: left tangents of both act on the right through R_b^T.
  Mat3d by_tangent;
  const double whiten_turn = 1 / options_.rotation_rad;
  const Vec3d turn =
      whiten_turn * RotationResidual(initial.rotation,
                                     Conjugate(a.world_from_cam.rotation) * b.world_from_cam.rotation,
                                     &by_tangent);
  const double whiten_step = 1 / (options_.translation_m + Norm(initial.translation));
  const Vec3d step = whiten_step * (a_from_world * apart - initial.translation);
  if (system != nullptr) {
    GroupJacobian jacobian(6, system->size);
    const Mat3d by_left = by_tangent * Transposed(b.rotation);
    jacobian.Add(0, 0, by_left, -whiten_turn);
    jacobian.Add(0, kCameraDof, by_left, whiten_turn);
    // R_a^T Exp(-w) apart = R_a^T (apart + apart x w).
    jacobian.Add(3, 0, a_from_world * Skew(apart), whiten_step);
    jacobian.Add(3, 3, a_from_world, -whiten_step);
    jacobian.Add(3, kCameraDof + 3, a_from_world, whiten_step);
    const double residual[6] = {turn[0], turn[1], turn[2], step[0], step[1], step[2]};
    system->Add(6, jacobian.data(), residual, 1.0);
  }
  return (SquaredNorm(turn) + SquaredNorm(step)) / 2;
}

}  // namespace foothold
