// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/interpolation.h"

#include <Eigen/Dense>
#include <algorithm>
#include <string>

#include "foothold/base/error.h"

namespace foothold {
namespace {

void CheckKeys(const std::vector<int>& key_times, size_t num_values) {
  FOOTHOLD_CHECK(
      !key_times.empty() && key_times.size() == num_values,
      std::to_string(num_values) + " values at " + std::to_string(key_times.size()) + " keyframes");
}

BodyPose InterpolateBody(const BodyPose& a, const BodyPose& b, double u) {
  BodyPose body;
  body.root = Slerp(a.root, b.root, u);
  body.translation_m = (1 - u) * a.translation_m + u * b.translation_m;
  for (size_t k = 0; k < body.joints.size(); ++k) body.joints[k] = Slerp(a.joints[k], b.joints[k], u);
  return body;
}

// The correction that takes `initial` to `optimised`, itself in the form of a body.
BodyPose CorrectionOf(const BodyPose& initial, const BodyPose& optimised) {
  BodyPose correction;
  correction.root = optimised.root * Conjugate(initial.root);
  correction.translation_m = optimised.translation_m - initial.translation_m;
  for (size_t k = 0; k < correction.joints.size(); ++k) {
    correction.joints[k] = optimised.joints[k] * Conjugate(initial.joints[k]);
  }
  return correction;
}

BodyPose Corrected(const BodyPose& correction, const BodyPose& initial) {
  BodyPose body;
  body.root = Normalized(correction.root * initial.root);
  body.translation_m = initial.translation_m + correction.translation_m;
  for (size_t k = 0; k < body.joints.size(); ++k) {
    body.joints[k] = Normalized(correction.joints[k] * initial.joints[k]);
  }
  return body;
}

}  // namespace

KeyBracket FindBracket(const std::vector<int>& key_times, double time) {
  FOOTHOLD_CHECK(!key_times.empty(), "interpolation without keyframes");
  const auto after = std::upper_bound(key_times.begin(), key_times.end(), time);
  if (after == key_times.begin()) return {0, 0, 0};
  const size_t last = key_times.size() - 1;
  if (after == key_times.end()) return {last, last, 0};
  const size_t i = static_cast<size_t>(after - key_times.begin());
  const double gap = static_cast<double>(key_times[i] - key_times[i - 1]);
  return {i - 1, i, (time - key_times[i - 1]) / gap};
}

std::vector<Rigid3d> InterpolatePoses(const std::vector<int>& key_times,
                                      const std::vector<Rigid3d>& poses,
                                      const std::vector<int>& times) {
  CheckKeys(key_times, poses.size());
  std::vector<Rigid3d> out;
  out.reserve(times.size());
  for (const int time : times) {
    const KeyBracket bracket = FindBracket(key_times, time);
    out.push_back(Interpolate(poses[bracket.before], poses[bracket.after], bracket.u));
  }
  return out;
}

std::vector<Quatd> InterpolateRotations(const std::vector<int>& key_times,
                                        const std::vector<Quatd>& rotations,
                                        const std::vector<int>& times) {
  CheckKeys(key_times, rotations.size());
  std::vector<Quatd> out;
  out.reserve(times.size());
  for (const int time : times) {
    const KeyBracket bracket = FindBracket(key_times, time);
    out.push_back(Slerp(rotations[bracket.before], rotations[bracket.after], bracket.u));
  }
  return out;
}

std::vector<BodyPose> InterpolateBodies(const std::vector<int>& key_times,
                                        const std::vector<BodyPose>& bodies,
                                        const std::vector<int>& times) {
  CheckKeys(key_times, bodies.size());
  std::vector<BodyPose> out;
  out.reserve(times.size());
  for (const int time : times) {
    const KeyBracket bracket = FindBracket(key_times, time);
    out.push_back(InterpolateBody(bodies[bracket.before], bodies[bracket.after], bracket.u));
  }
  return out;
}

std::vector<BodyPose> InterpolateCorrections(const std::vector<int>& key_times,
                                             const std::vector<BodyPose>& optimised_at_keys,
                                             const std::vector<int>& times,
                                             const std::vector<BodyPose>& initial) {
  CheckKeys(key_times, optimised_at_keys.size());
  FOOTHOLD_CHECK(times.size() == initial.size(), "one initial body per frame");
  std::vector<BodyPose> corrections;
  for (size_t i = 0; i < key_times.size(); ++i) {
    const auto found = std::lower_bound(times.begin(), times.end(), key_times[i]);
    FOOTHOLD_CHECK(found != times.end() && *found == key_times[i],
                   "keyframe " + std::to_string(key_times[i]) + " has no initial body");
    corrections.push_back(
        CorrectionOf(initial[static_cast<size_t>(found - times.begin())], optimised_at_keys[i]));
  }
  std::vector<BodyPose> out = InterpolateBodies(key_times, corrections, times);
  for (size_t i = 0; i < out.size(); ++i) out[i] = Corrected(out[i], initial[i]);
  return out;
}

Quatd NearestRotation(const Mat3d& matrix) {
  using RowMajor3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
  const Eigen::Matrix3d m = Eigen::Map<const RowMajor3>(matrix.data);
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(m, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Vector3d signs(1, 1, 1);
  if ((svd.matrixU() * svd.matrixV().transpose()).determinant() < 0) signs[2] = -1;
  const RowMajor3 rotation = svd.matrixU() * signs.asDiagonal() * svd.matrixV().transpose();
  Mat3d out;
  Eigen::Map<RowMajor3>(out.data) = rotation;
  return QuaternionFromMatrix(out);
}

}  // namespace foothold
