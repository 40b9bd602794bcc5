// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/body.h"

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr int kNumPoseDirs = 9 * (kNumJoints - 1);

using LocalRotations = std::array<Mat3d, kNumJoints>;

LocalRotations RotationsOf(const BodyPose& pose) {
  LocalRotations rotations;
  rotations[0] = MatrixFromQuaternion(pose.root);
  for (int k = 1; k < kNumJoints; ++k) rotations[k] = MatrixFromQuaternion(pose.joints[k - 1]);
  return rotations;
}

void AddToBlock(BodyJacobian* jacobian, int column, const Mat3d& block) {
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) (*jacobian)(r, column + c) += block(r, c);
  }
}

void SetColumn(BodyJacobian* jacobian, int column, const Vec3d& value) {
  for (int r = 0; r < 3; ++r) (*jacobian)(r, column) = value[r];
}

Vec3d ShapedVertex(const BodyModel& model, const BodyShape& shape, int vertex) {
  Vec3d x = model.template_m[vertex].Cast<double>();
  const Vec3f* dirs = &model.shape_dirs_m[static_cast<size_t>(vertex) * kNumShape];
  for (int s = 0; s < kNumShape; ++s) x = x + shape[s] * dirs[s].Cast<double>();
  return x;
}

// Pose correctives: linear in the entries of R_k - I, k = 1..23 (Loper et al. 2015, eq. 9).
Vec3d Corrective(const BodyModel& model, const LocalRotations& rotations, int vertex) {
  Vec3d offset = Vec3d::Zero();
  const Vec3f* dirs = &model.pose_dirs_m[static_cast<size_t>(vertex) * kNumPoseDirs];
  for (int k = 1; k < kNumJoints; ++k) {
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) {
        const double feature = rotations[k](r, c) - (r == c ? 1.0 : 0.0);
        offset = offset + feature * dirs[9 * (k - 1) + 3 * r + c].Cast<double>();
      }
    }
  }
  return offset;
}

// d Corrective / d tangent of R_k (right perturbation): dR = R [d]x.
Mat3d CorrectiveDerivative(const BodyModel& model, const Mat3d& rotation, int vertex, int joint) {
  const Vec3f* dirs = &model.pose_dirs_m[static_cast<size_t>(vertex) * kNumPoseDirs + 9 * (joint - 1)];
  Mat3d derivative = Mat3d::Zero();
  for (int axis = 0; axis < 3; ++axis) {
    Vec3d unit = Vec3d::Zero();
    unit[axis] = 1;
    const Mat3d d_rotation = rotation * Skew(unit);
    for (int entry = 0; entry < 9; ++entry) {
      const Vec3d dir = dirs[entry].Cast<double>();
      for (int r = 0; r < 3; ++r) derivative(r, axis) += d_rotation.data[entry] * dir[r];
    }
  }
  return derivative;
}

// Rest position of a vertex before skinning.
Vec3d RestVertex(const BodyModel& model,
                 const BodyShape& shape,
                 const LocalRotations& rotations,
                 int vertex) {
  const Vec3d shaped = ShapedVertex(model, shape, vertex);
  return model.pose_dirs_m.empty() ? shaped : shaped + Corrective(model, rotations, vertex);
}

// Where joint k alone carries a rest point, before the body's translation. The translation is added
// once at the end, so weights that sum to one only to rounding do not scale it.
Vec3d CarriedBy(const PosedSkeleton& skeleton, const Vec3d& translation, int k, const Vec3d& rest) {
  return skeleton.rotation[k] * (rest - skeleton.rest_joints_m[k]) + (skeleton.joints_m[k] - translation);
}

Vec3d SkinVertex(const BodyModel& model,
                 const PosedSkeleton& skeleton,
                 const Vec3d& translation,
                 const Vec3d& rest,
                 int vertex) {
  Vec3d posed = translation;
  const size_t first = static_cast<size_t>(vertex) * model.skin_width;
  for (int i = 0; i < model.skin_width; ++i) {
    const double weight = model.skin_weights[first + i];
    if (weight == 0) continue;
    posed = posed + weight * CarriedBy(skeleton, translation, model.skin_joints[first + i], rest);
  }
  return posed;
}

// The part of a vertex that moves with the subtree of each joint: sum of weights, and of weights
// times skinned positions, over the joint and its descendants.
struct SubtreeMoments {
  std::array<double, kNumJoints> weight{};
  std::array<Vec3d, kNumJoints> weighted_position{};
};

SubtreeMoments SumOverSubtrees(const BodyModel& model,
                               const PosedSkeleton& skeleton,
                               const Vec3d& translation,
                               const Vec3d& rest,
                               int vertex) {
  SubtreeMoments moments;
  const size_t first = static_cast<size_t>(vertex) * model.skin_width;
  for (int i = 0; i < model.skin_width; ++i) {
    const double weight = model.skin_weights[first + i];
    if (weight == 0) continue;
    const int k = model.skin_joints[first + i];
    moments.weight[k] += weight;
    moments.weighted_position[k] =
        moments.weighted_position[k] + weight * CarriedBy(skeleton, translation, k, rest);
  }
  for (int k = kNumJoints - 1; k > 0; --k) {
    const int parent = model.parents[k];
    moments.weight[parent] += moments.weight[k];
    moments.weighted_position[parent] = moments.weighted_position[parent] + moments.weighted_position[k];
  }
  return moments;
}

void CheckVertex(const BodyModel& model, int vertex) {
  FOOTHOLD_CHECK(vertex >= 0 && vertex < model.num_vertices,
                 "vertex " + std::to_string(vertex) + " of a body of " + std::to_string(model.num_vertices) +
                     " vertices");
}

}  // namespace

PosedSkeleton PoseSkeleton(const BodyModel& model, const BodyShape& shape, const BodyPose& pose) {
  PosedSkeleton skeleton;
  for (int k = 0; k < kNumJoints; ++k) {
    Vec3d rest = model.joint_template_m[k];
    for (int s = 0; s < kNumShape; ++s) rest = rest + shape[s] * model.joint_dirs_m[k][s];
    skeleton.rest_joints_m[k] = rest;
  }
  skeleton.rotation[0] = MatrixFromQuaternion(pose.root);
  skeleton.joints_m[0] = skeleton.rest_joints_m[0] + pose.translation_m;
  skeleton.joint_shape_dirs_m[0] = model.joint_dirs_m[0];
  for (int k = 1; k < kNumJoints; ++k) {
    const int parent = model.parents[k];
    const Mat3d& rotation = skeleton.rotation[parent];
    skeleton.rotation[k] = rotation * MatrixFromQuaternion(pose.joints[k - 1]);
    skeleton.joints_m[k] =
        skeleton.joints_m[parent] + rotation * (skeleton.rest_joints_m[k] - skeleton.rest_joints_m[parent]);
    for (int s = 0; s < kNumShape; ++s) {
      skeleton.joint_shape_dirs_m[k][s] =
          skeleton.joint_shape_dirs_m[parent][s] +
          rotation * (model.joint_dirs_m[k][s] - model.joint_dirs_m[parent][s]);
    }
  }
  return skeleton;
}

std::vector<Vec3d> PoseVertices(const BodyModel& model,
                                const BodyShape& shape,
                                const BodyPose& pose,
                                const std::vector<int>& vertices) {
  const PosedSkeleton skeleton = PoseSkeleton(model, shape, pose);
  const LocalRotations rotations = RotationsOf(pose);
  std::vector<Vec3d> posed;
  posed.reserve(vertices.size());
  for (const int vertex : vertices) {
    CheckVertex(model, vertex);
    posed.push_back(
        SkinVertex(model, skeleton, pose.translation_m, RestVertex(model, shape, rotations, vertex), vertex));
  }
  return posed;
}

std::vector<Vec3d> PoseAllVertices(const BodyModel& model, const BodyShape& shape, const BodyPose& pose) {
  const PosedSkeleton skeleton = PoseSkeleton(model, shape, pose);
  const LocalRotations rotations = RotationsOf(pose);
  std::vector<Vec3d> posed(model.num_vertices);
  for (int v = 0; v < model.num_vertices; ++v) {
    posed[v] = SkinVertex(model, skeleton, pose.translation_m, RestVertex(model, shape, rotations, v), v);
  }
  return posed;
}

// Perturbing joint a on the right turns everything below it about joint a by the world vector G_a d,
// so d point = G_a d x (point - joint_a).
Vec3d JointWithJacobian(const BodyModel& model,
                        const PosedSkeleton& skeleton,
                        const BodyPose& /*pose*/,
                        int joint,
                        BodyJacobian* jacobian) {
  FOOTHOLD_CHECK(joint >= 0 && joint < kNumJoints, "joint " + std::to_string(joint));
  const Vec3d position = skeleton.joints_m[joint];
  if (jacobian == nullptr) return position;
  *jacobian = BodyJacobian::Zero();
  AddToBlock(jacobian, kBodyTranslation, Mat3d::Identity());
  for (int a = model.parents[joint]; a >= 0; a = model.parents[a]) {
    const Mat3d turn = Skew(skeleton.joints_m[a] - position) * skeleton.rotation[a];
    AddToBlock(jacobian, kBodyRotation + 3 * a, turn);
  }
  for (int s = 0; s < kNumShape; ++s) {
    SetColumn(jacobian, kBodyShape + s, skeleton.joint_shape_dirs_m[joint][s]);
  }
  return position;
}

Vec3d VertexWithJacobian(const BodyModel& model,
                         const PosedSkeleton& skeleton,
                         const BodyShape& shape,
                         const BodyPose& pose,
                         int vertex,
                         BodyJacobian* jacobian) {
  CheckVertex(model, vertex);
  const bool has_correctives = !model.pose_dirs_m.empty();
  LocalRotations rotations{};
  if (has_correctives) rotations = RotationsOf(pose);
  const Vec3d rest = RestVertex(model, shape, rotations, vertex);
  const Vec3d position = SkinVertex(model, skeleton, pose.translation_m, rest, vertex);
  if (jacobian == nullptr) return position;

  *jacobian = BodyJacobian::Zero();
  const SubtreeMoments moments = SumOverSubtrees(model, skeleton, pose.translation_m, rest, vertex);
  AddToBlock(jacobian, kBodyTranslation, Mat3d::Identity());
  for (int a = 0; a < kNumJoints; ++a) {
    if (moments.weight[a] == 0) continue;
    const Vec3d arm =
        moments.weighted_position[a] - moments.weight[a] * (skeleton.joints_m[a] - pose.translation_m);
    AddToBlock(jacobian, kBodyRotation + 3 * a, Skew(-arm) * skeleton.rotation[a]);
  }

  // Blended rotation, and the shape columns.
  Mat3d blended = Mat3d::Zero();
  std::array<Vec3d, kNumShape> shape_columns{};
  const Vec3f* dirs = &model.shape_dirs_m[static_cast<size_t>(vertex) * kNumShape];
  const size_t first = static_cast<size_t>(vertex) * model.skin_width;
  for (int i = 0; i < model.skin_width; ++i) {
    const double weight = model.skin_weights[first + i];
    if (weight == 0) continue;
    const int k = model.skin_joints[first + i];
    blended = blended + weight * skeleton.rotation[k];
    for (int s = 0; s < kNumShape; ++s) {
      const Vec3d arm_dir = dirs[s].Cast<double>() - model.joint_dirs_m[k][s];
      shape_columns[s] =
          shape_columns[s] + weight * (skeleton.rotation[k] * arm_dir + skeleton.joint_shape_dirs_m[k][s]);
    }
  }
  for (int s = 0; s < kNumShape; ++s) SetColumn(jacobian, kBodyShape + s, shape_columns[s]);
  if (has_correctives) {
    for (int k = 1; k < kNumJoints; ++k) {
      AddToBlock(
          jacobian, kBodyRotation + 3 * k, blended * CorrectiveDerivative(model, rotations[k], vertex, k));
    }
  }
  return position;
}

BodyPose TransformBody(const Rigid3d& b_from_a, const BodyPose& pose_in_a, const Vec3d& rest_pelvis_m) {
  BodyPose pose_in_b = pose_in_a;
  pose_in_b.root = Normalized(b_from_a.rotation * pose_in_a.root);
  pose_in_b.translation_m = b_from_a * (pose_in_a.translation_m + rest_pelvis_m) - rest_pelvis_m;
  return pose_in_b;
}

Vec3d RestPelvis(const BodyModel& model, const BodyShape& shape) {
  Vec3d pelvis = model.joint_template_m[kPelvis];
  for (int s = 0; s < kNumShape; ++s) pelvis = pelvis + shape[s] * model.joint_dirs_m[kPelvis][s];
  return pelvis;
}

}  // namespace foothold
