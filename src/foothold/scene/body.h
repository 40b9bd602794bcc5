// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "foothold/geometry/rotation.h"
#include "foothold/geometry/transform.h"

namespace foothold {

constexpr int kNumJoints = 24;       // SMPL's joints; 0 is the pelvis.
constexpr int kNumShape = 10;        // Shape coefficients that we use.
// Columns of a body Jacobian: translation 3, root rotation 3, 23 joint rotations of 3, shape 10.
constexpr int kBodyTranslation = 0;
constexpr int kBodyRotation = 3;     // Joint k (root included) owns columns 3 + 3k .. 5 + 3k.
constexpr int kBodyShape = 3 + 3 * kNumJoints;
constexpr int kBodyDof = kBodyShape + kNumShape;  // 85

// Indices into the joints, SMPL's order.
enum Joint : int {
  kPelvis = 0, kLeftHip = 1, kRightHip = 2, kSpine1 = 3, kLeftKnee = 4, kRightKnee = 5, kSpine2 = 6,
  kLeftAnkle = 7, kRightAnkle = 8, kSpine3 = 9, kLeftFoot = 10, kRightFoot = 11, kNeck = 12,
  kLeftCollar = 13, kRightCollar = 14, kHead = 15, kLeftShoulder = 16, kRightShoulder = 17,
  kLeftElbow = 18, kRightElbow = 19, kLeftWrist = 20, kRightWrist = 21, kLeftHand = 22, kRightHand = 23
};

using BodyShape = std::array<double, kNumShape>;

// One body in one frame of reference. The root rotates about the rest pelvis J0(shape):
// x -> R_root (x - J0) + J0 + translation. Joint rotations are relative to the parent; entry k - 1
// belongs to joint k. All quaternions are unit.
struct BodyPose {
  Quatd root = Quatd::Identity();
  Vec3d translation_m = {0, 0, 0};
  std::array<Quatd, kNumJoints - 1> joints;

  BodyPose() { joints.fill(Quatd::Identity()); }
};

// SMPL-layout body model: shape blend, optional pose correctives, linear blend skinning. Metres, y up,
// x to the body's left, z forward. Loaded by labels/body_file.h.
struct BodyModel {
  int num_vertices = 0;
  int num_shape = 0;                 // <= kNumShape; missing directions are zero.
  std::string content_hash;          // Of the arrays; recorded in labels.
  std::vector<Vec3f> template_m;     // [V]
  std::vector<Vec3f> shape_dirs_m;   // [V * kNumShape], vertex-major.
  std::vector<Vec3f> pose_dirs_m;    // [V * 207], vertex-major, or empty.
  int skin_width = 4;                // Joints per vertex, padded with weight 0.
  std::vector<float> skin_weights;   // [V * skin_width], descending, summing to one.
  std::vector<uint8_t> skin_joints;  // [V * skin_width]
  std::vector<std::array<int32_t, 3>> faces;
  std::array<int, kNumJoints> parents{};  // parents[0] = -1; parents[k] < k.
  // Rest joints are linear in shape: J(shape) = joint_template + sum_s joint_dirs[.][s] shape[s].
  std::array<Vec3d, kNumJoints> joint_template_m{};
  std::array<std::array<Vec3d, kNumShape>, kNumJoints> joint_dirs_m{};
  // Feet: sole vertices per side (left, right), and heel and toe (left heel, left toe, right heel,
  // right toe), the vertices used for foot sliding.
  std::array<std::vector<int>, 2> sole_vertices;
  std::array<int, 4> foot_vertices{};
};

// Everything about one shape and pose that all vertices share.
struct PosedSkeleton {
  std::array<Vec3d, kNumJoints> rest_joints_m;
  std::array<Mat3d, kNumJoints> rotation;    // Global rotation of each joint.
  std::array<Vec3d, kNumJoints> joints_m;    // Posed joints, translation included.
  std::array<std::array<Vec3d, kNumShape>, kNumJoints> joint_shape_dirs_m;  // d joints_m / d shape.
};
PosedSkeleton PoseSkeleton(const BodyModel& model, const BodyShape& shape, const BodyPose& pose);

// Posed positions of `vertices`, in the frame of `pose`.
std::vector<Vec3d> PoseVertices(const BodyModel& model,
                                const BodyShape& shape,
                                const BodyPose& pose,
                                const std::vector<int>& vertices);
// All vertices.
std::vector<Vec3d> PoseAllVertices(const BodyModel& model, const BodyShape& shape, const BodyPose& pose);

// d point / d parameters, 3 x kBodyDof row-major. A rotation is perturbed on the right,
// R Exp(d); columns as kBodyTranslation, kBodyRotation, kBodyShape say.
using BodyJacobian = Mat<double, 3, kBodyDof>;

// Posed joint or vertex with its derivative.
Vec3d JointWithJacobian(const BodyModel& model,
                        const PosedSkeleton& skeleton,
                        const BodyPose& pose,
                        int joint,
                        BodyJacobian* jacobian);
Vec3d VertexWithJacobian(const BodyModel& model,
                         const PosedSkeleton& skeleton,
                         const BodyShape& shape,
                         const BodyPose& pose,
                         int vertex,
                         BodyJacobian* jacobian);

// The same body seen from another frame: posing with the result equals applying b_from_a to the posed
// points (docs: R' = R R_root, t' = R (t + J0) + c - J0).
BodyPose TransformBody(const Rigid3d& b_from_a, const BodyPose& pose_in_a, const Vec3d& rest_pelvis_m);
Vec3d RestPelvis(const BodyModel& model, const BodyShape& shape);

}  // namespace foothold
