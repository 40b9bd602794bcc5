// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "foothold/scene/body.h"
#include "foothold/scene/joint_problem.h"

namespace foothold {

// Bodies posed from raw numbers: quaternions of any length, matrices of any entries. The released
// optimiser moves those freely, so its losses and gradients are defined on them (docs/josh.md).

// R(q) = I + 2 / (q . q) (...): the rotation of q / |q|.
Mat3d MatrixFromRawQuaternion(const Quatd& q);
// Derivative by the four numbers of q of a function whose derivative by the entries of R(q) is given.
Quatd RawQuaternionGradient(const Quatd& q, const Mat3d& by_matrix);

struct RawSkeleton {
  std::array<Vec3d, kNumJoints> rest_joints_m;
  std::array<Mat3d, kNumJoints> local;  // Relative to the parent; local[0] is the root's.
  std::array<Mat3d, kNumJoints> global;
  std::array<Vec3d, kNumJoints> joints_m;  // Posed, translation included.
  Vec3d translation_m;
};
RawSkeleton PoseRawSkeleton(const BodyModel& model, const TrackParameters& track, int body);

// Posed vertex in the camera, metres.
Vec3d RawVertex(const BodyModel& model, const BodyShape& shape, const RawSkeleton& skeleton, int vertex);

// Collects derivatives by posed points of one body, then carries them to its parameters in one backward
// pass through the kinematic tree.
class RawBodyGradient {
 public:
  RawBodyGradient();
  void AddJoint(int joint, const Vec3d& by_point);
  void AddVertex(const BodyModel& model,
                 const BodyShape& shape,
                 const RawSkeleton& skeleton,
                 int vertex,
                 const Vec3d& by_point);
  // Adds to entry `body` of `gradient`, and to its shape.
  void AddTo(const BodyModel& model,
             const TrackParameters& track,
             const RawSkeleton& skeleton,
             int body,
             TrackParameters* gradient);

 private:
  std::array<Mat3d, kNumJoints> by_global_;
  std::array<Mat3d, kNumJoints> by_local_;
  std::array<Vec3d, kNumJoints> by_position_;
  std::array<Vec3d, kNumJoints> by_rest_;
  Vec3d by_translation_ = Vec3d::Zero();
  BodyShape by_shape_{};
};

}  // namespace foothold
