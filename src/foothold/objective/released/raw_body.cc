// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/released/raw_body.h"

namespace foothold {
namespace {

constexpr int kPoseFeatures = 9 * (kNumJoints - 1);

// The vertex at rest: template, shape and, where the model has them, pose correctives.
Vec3d ShapedVertex(const BodyModel& model, const BodyShape& shape, const RawSkeleton& skeleton, int vertex) {
  Vec3d x = model.template_m[vertex].Cast<double>();
  const Vec3f* directions = &model.shape_dirs_m[static_cast<size_t>(vertex) * kNumShape];
  for (int s = 0; s < kNumShape; ++s) x = x + shape[s] * directions[s].Cast<double>();
  if (model.pose_dirs_m.empty()) return x;
  const Vec3f* correctives = &model.pose_dirs_m[static_cast<size_t>(vertex) * kPoseFeatures];
  for (int k = 1; k < kNumJoints; ++k) {
    for (int e = 0; e < 9; ++e) {
      const double feature = skeleton.local[k].data[e] - (e % 4 == 0 ? 1 : 0);
      x = x + feature * correctives[9 * (k - 1) + e].Cast<double>();
    }
  }
  return x;
}

}  // namespace

Mat3d MatrixFromRawQuaternion(const Quatd& q) {
  const double s = 2 / Dot(q, q);
  return {1 - s * (q.y * q.y + q.z * q.z),
          s * (q.x * q.y - q.w * q.z),
          s * (q.x * q.z + q.w * q.y),
          s * (q.x * q.y + q.w * q.z),
          1 - s * (q.x * q.x + q.z * q.z),
          s * (q.y * q.z - q.w * q.x),
          s * (q.x * q.z - q.w * q.y),
          s * (q.y * q.z + q.w * q.x),
          1 - s * (q.x * q.x + q.y * q.y)};
}

Quatd RawQuaternionGradient(const Quatd& q, const Mat3d& g) {
  const double norm2 = Dot(q, q), s = 2 / norm2;
  // Derivative of the entries over s, then of s = 2 / (q . q) itself.
  Quatd by{s * (q.x * (g(2, 1) - g(1, 2)) + q.y * (g(0, 2) - g(2, 0)) + q.z * (g(1, 0) - g(0, 1))),
           s * (-2 * q.x * (g(1, 1) + g(2, 2)) + q.y * (g(0, 1) + g(1, 0)) + q.z * (g(0, 2) + g(2, 0)) +
                q.w * (g(2, 1) - g(1, 2))),
           s * (-2 * q.y * (g(0, 0) + g(2, 2)) + q.x * (g(0, 1) + g(1, 0)) + q.z * (g(1, 2) + g(2, 1)) +
                q.w * (g(0, 2) - g(2, 0))),
           s * (-2 * q.z * (g(0, 0) + g(1, 1)) + q.x * (g(0, 2) + g(2, 0)) + q.y * (g(1, 2) + g(2, 1)) +
                q.w * (g(1, 0) - g(0, 1)))};
  const Mat3d change = MatrixFromRawQuaternion(q) - Mat3d::Identity();
  double along = 0;
  for (int e = 0; e < 9; ++e) along += g.data[e] * change.data[e];
  const double shrink = -2 * along / norm2;
  return {by.w + shrink * q.w, by.x + shrink * q.x, by.y + shrink * q.y, by.z + shrink * q.z};
}

RawSkeleton PoseRawSkeleton(const BodyModel& model, const TrackParameters& track, int body) {
  RawSkeleton out;
  out.translation_m = track.translation_m[body];
  for (int k = 0; k < kNumJoints; ++k) {
    out.rest_joints_m[k] = model.joint_template_m[k];
    for (int s = 0; s < kNumShape; ++s) {
      out.rest_joints_m[k] = out.rest_joints_m[k] + track.shape[s] * model.joint_dirs_m[k][s];
    }
  }
  out.local[0] = MatrixFromRawQuaternion(track.root[body]);
  out.global[0] = out.local[0];
  out.joints_m[0] = out.rest_joints_m[0] + out.translation_m;
  for (int k = 1; k < kNumJoints; ++k) {
    const int parent = model.parents[k];
    out.local[k] = track.rotation[body][k - 1];
    out.global[k] = out.global[parent] * out.local[k];
    out.joints_m[k] =
        out.joints_m[parent] + out.global[parent] * (out.rest_joints_m[k] - out.rest_joints_m[parent]);
  }
  return out;
}

Vec3d RawVertex(const BodyModel& model, const BodyShape& shape, const RawSkeleton& skeleton, int vertex) {
  const Vec3d shaped = ShapedVertex(model, shape, skeleton, vertex);
  Vec3d x = Vec3d::Zero();
  double sum = 0;
  for (int i = 0; i < model.skin_width; ++i) {
    const size_t entry = static_cast<size_t>(vertex) * model.skin_width + i;
    const double weight = model.skin_weights[entry];
    if (weight == 0) continue;
    const int k = model.skin_joints[entry];
    // Joints hold the translation; what the weights lack of one must not take it away.
    x = x + weight * (skeleton.global[k] * (shaped - skeleton.rest_joints_m[k]) + skeleton.joints_m[k]);
    sum += weight;
  }
  return x + (1 - sum) * skeleton.translation_m;
}

RawBodyGradient::RawBodyGradient() {
  by_global_.fill(Mat3d::Zero());
  by_local_.fill(Mat3d::Zero());
  by_position_.fill(Vec3d::Zero());
  by_rest_.fill(Vec3d::Zero());
}

void RawBodyGradient::AddJoint(int joint, const Vec3d& by_point) {
  by_position_[joint] = by_position_[joint] + by_point;
  by_translation_ = by_translation_ + by_point;
}

void RawBodyGradient::AddVertex(const BodyModel& model,
                                const BodyShape& shape,
                                const RawSkeleton& skeleton,
                                int vertex,
                                const Vec3d& by_point) {
  const Vec3d shaped = ShapedVertex(model, shape, skeleton, vertex);
  Vec3d by_shaped = Vec3d::Zero();
  by_translation_ = by_translation_ + by_point;
  for (int i = 0; i < model.skin_width; ++i) {
    const size_t entry = static_cast<size_t>(vertex) * model.skin_width + i;
    const double weight = model.skin_weights[entry];
    if (weight == 0) continue;
    const int k = model.skin_joints[entry];
    const Vec3d by_part = weight * by_point;
    const Vec3d by_arm = Transposed(skeleton.global[k]) * by_part;
    by_global_[k] = by_global_[k] + Outer(by_part, shaped - skeleton.rest_joints_m[k]);
    by_position_[k] = by_position_[k] + by_part;
    by_rest_[k] = by_rest_[k] - by_arm;
    by_shaped = by_shaped + by_arm;
  }
  const Vec3f* directions = &model.shape_dirs_m[static_cast<size_t>(vertex) * kNumShape];
  for (int s = 0; s < kNumShape; ++s) by_shape_[s] += Dot(by_shaped, directions[s].Cast<double>());
  if (model.pose_dirs_m.empty()) return;
  const Vec3f* correctives = &model.pose_dirs_m[static_cast<size_t>(vertex) * kPoseFeatures];
  for (int f = 0; f < kPoseFeatures; ++f) {
    by_local_[1 + f / 9].data[f % 9] += Dot(by_shaped, correctives[f].Cast<double>());
  }
}

void RawBodyGradient::AddTo(const BodyModel& model,
                            const TrackParameters& track,
                            const RawSkeleton& skeleton,
                            int body,
                            TrackParameters* gradient) {
  for (int k = kNumJoints - 1; k > 0; --k) {
    const int parent = model.parents[k];
    const Mat3d& above = skeleton.global[parent];
    const Vec3d arm = skeleton.rest_joints_m[k] - skeleton.rest_joints_m[parent];
    const Vec3d by_arm = Transposed(above) * by_position_[k];
    by_position_[parent] = by_position_[parent] + by_position_[k];
    by_rest_[k] = by_rest_[k] + by_arm;
    by_rest_[parent] = by_rest_[parent] - by_arm;
    by_global_[parent] =
        by_global_[parent] + Outer(by_position_[k], arm) + by_global_[k] * Transposed(skeleton.local[k]);
    by_local_[k] = by_local_[k] + Transposed(above) * by_global_[k];
    Mat3d& out = gradient->rotation[body][k - 1];
    out = out + by_local_[k];
  }
  by_rest_[0] = by_rest_[0] + by_position_[0];
  const Quatd by_root = RawQuaternionGradient(track.root[body], by_global_[0]);
  Quatd& root = gradient->root[body];
  root = {root.w + by_root.w, root.x + by_root.x, root.y + by_root.y, root.z + by_root.z};
  gradient->translation_m[body] = gradient->translation_m[body] + by_translation_;
  for (int s = 0; s < kNumShape; ++s) {
    gradient->shape[s] += by_shape_[s];
    for (int k = 0; k < kNumJoints; ++k) gradient->shape[s] += Dot(by_rest_[k], model.joint_dirs_m[k][s]);
  }
}

}  // namespace foothold
