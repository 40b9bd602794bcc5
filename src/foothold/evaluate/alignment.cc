// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/alignment.h"

#include <Eigen/Dense>

#include "foothold/base/error.h"

namespace foothold {
namespace {

Similarity3d Align(const std::vector<Vec3d>& from, const std::vector<Vec3d>& to, bool with_scale) {
  FOOTHOLD_CHECK(!from.empty() && from.size() == to.size(), "alignment of point lists of different size");
  const double count = static_cast<double>(from.size());
  Vec3d mean_from = Vec3d::Zero(), mean_to = Vec3d::Zero();
  for (size_t i = 0; i < from.size(); ++i) {
    mean_from = mean_from + from[i];
    mean_to = mean_to + to[i];
  }
  mean_from = mean_from / count;
  mean_to = mean_to / count;
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  double variance = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const Vec3d x = from[i] - mean_from, y = to[i] - mean_to;
    covariance +=
        Eigen::Map<const Eigen::Vector3d>(y.data) * Eigen::Map<const Eigen::Vector3d>(x.data).transpose();
    variance += SquaredNorm(x);
  }
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(covariance / count, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Vector3d signs(1, 1, 1);
  if (svd.matrixU().determinant() * svd.matrixV().determinant() < 0) signs[2] = -1;
  Mat3d rotation;
  Eigen::Map<Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(rotation.data) =
      svd.matrixU() * signs.asDiagonal() * svd.matrixV().transpose();

  Similarity3d alignment;
  alignment.scale = 1;
  if (with_scale && variance > 0) alignment.scale = svd.singularValues().dot(signs) / (variance / count);
  alignment.rotation = QuaternionFromMatrix(rotation);
  alignment.translation = mean_to - alignment.scale * (rotation * mean_from);
  return alignment;
}

}  // namespace

Similarity3d AlignSimilarity(const std::vector<Vec3d>& from, const std::vector<Vec3d>& to) {
  return Align(from, to, true);
}

Similarity3d AlignRigid(const std::vector<Vec3d>& from, const std::vector<Vec3d>& to) {
  return Align(from, to, false);
}

}  // namespace foothold
