// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/body.h"
#include "foothold/solver/energy_term.h"
#include "foothold/solver/parameters.h"

namespace foothold {

// How the unknowns of the joint optimisation lie in parameter blocks.
//   camera block, one per keyframe: rigid world_from_cam (tangent: rotation, then translation), log scale
//   body block, one per person and keyframe: translation, root rotation, active joints; in the camera
//   shape block, one per person
//   focal block: log of focal over initial focal
constexpr int kCameraDof = 7;
constexpr int kLogScale = 6;  // Inside the camera block's tangent.

struct BodyVariable {
  int person = 0;
  int keyframe = 0;
  int frame_entry = 0;  // Into PersonObservations::frames.
  int block = 0;
  BodyPose initial_in_cam;
};

struct PersonVariables {
  int shape_block = 0;
  int shape_piece = 0;
  BodyShape initial_shape{};
  std::vector<BodyPose> initial_in_cam;  // One per frame in which the person is seen.
  std::vector<int> bodies;  // Into Variables::bodies, ascending keyframe.
};

struct Variables {
  const BodyModel* body_model = nullptr;
  ParameterLayout layout;
  std::vector<double> keyframe_time_s;
  std::vector<int> camera_blocks;  // One per keyframe.
  std::vector<int> pose_pieces;
  std::vector<int> scale_pieces;
  int focal_block = 0;
  int focal_piece = 0;
  double initial_focal_px = 1;
  std::vector<int> active_joints;  // Optimised joint rotations, 1..23, ascending.
  std::vector<BodyVariable> bodies;
  std::vector<PersonVariables> people;

  int body_dof() const { return 6 + 3 * static_cast<int>(active_joints.size()); }
};

struct CameraState {
  Rigid3d world_from_cam;
  Mat3d rotation;  // Of world_from_cam.
  double log_scale;
  double scale;
};
CameraState ReadCamera(const Variables& variables, const ParameterView& view, int keyframe);

double ReadFocal(const Variables& variables, const ParameterView& view);
BodyShape ReadShape(const Variables& variables, const ParameterView& view, int person);
BodyPose ReadBodyPose(const Variables& variables, const ParameterView& view, int body);

// One body at its present parameters, ready to give points with derivatives.
struct BodyState {
  BodyPose pose_in_cam;
  BodyShape shape;
  PosedSkeleton skeleton;
};
BodyState ReadBody(const Variables& variables, const ParameterView& view, int body);

// Jacobian of `rows` residuals by the tangents of a group's blocks, row-major; built block by block.
class GroupJacobian {
 public:
  GroupJacobian(int rows, int size) : size_(size), data_(static_cast<size_t>(rows) * size, 0.0) {}

  double& At(int row, int column) { return data_[static_cast<size_t>(row) * size_ + column]; }
  const double* data() const { return data_.data(); }
  // Adds `block` times `factor` at (row, column).
  template <int R, int C>
  void Add(int row, int column, const Mat<double, R, C>& block, double factor = 1) {
    for (int r = 0; r < R; ++r) {
      for (int c = 0; c < C; ++c) At(row + r, column + c) += factor * block(r, c);
    }
  }
  // Adds factor * rotation * (columns of a body Jacobian) for the body block and the shape block;
  // shape_column < 0 leaves the shape out.
  void AddBody(int row,
               int body_column,
               int shape_column,
               const std::vector<int>& active_joints,
               const Mat<double, 3, kBodyDof>& jacobian);

 private:
  int size_;
  std::vector<double> data_;
};

// left * jacobian.
BodyJacobian Rotated(const Mat3d& left, const BodyJacobian& jacobian);
BodyJacobian Scaled(double factor, BodyJacobian jacobian);

}  // namespace foothold
