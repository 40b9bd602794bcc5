// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "foothold/networks/tensor.h"
#include "foothold/scene/body.h"

namespace foothold {

// Rotation matrices [..., 3, 3]. `rows` [..., 6] are two rows that Gram-Schmidt makes orthonormal, which is
// differentiable wherever they are not parallel; `axis_angles` [..., 3] in radians.
at::Tensor RotationFromRows(const at::Tensor& rows);
at::Tensor RotationFromAxisAngle(const at::Tensor& axis_angles);

// Joints of a body for batches, differentiable in all parameters: scene/body.h's PoseSkeleton for LibTorch.
class BodyJoints {
 public:
  BodyJoints(const BodyModel& model, at::Device device, at::ScalarType type);

  // shape [B, 10], root [B, 3, 3], pose [B, 23, 3] axis-angle, translation [B, 3] metres
  // -> [B, 24, 3] metres, in the frame of root and translation.
  at::Tensor operator()(const at::Tensor& shape,
                        const at::Tensor& root,
                        const at::Tensor& pose,
                        const at::Tensor& translation) const;

 private:
  std::array<int, kNumJoints> parents_;
  at::Tensor template_;    // [24, 3]
  at::Tensor shape_dirs_;  // [10, 72]
};

}  // namespace foothold
