// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/objective/match_sums.h"
#include "foothold/objective/variables.h"

namespace foothold {

// Columns of the sums of match_kernel.h.
constexpr int kTwistRotation = 0;
constexpr int kTwistTranslation = 3;
constexpr int kSourceLogScale = 6;
constexpr int kReprojectionLogFocal = 7;
constexpr int kTargetLogScale = 7;  // Of alignments.
constexpr int kAlignmentLogFocal = 8;

struct RelativeView {
  Mat3d rotation;  // target_from_source
  Vec3d translation;
};
FOOTHOLD_HD RelativeView TargetFromSource(const CameraState& target, const CameraState& source) {
  const Mat3d inverse = Transposed(target.rotation);
  return {inverse * source.rotation,
          inverse * (source.world_from_cam.translation - target.world_from_cam.translation)};
}

// Of a pair whose depths keep still when the focal length changes.
inline PairGeometry StillDepthGeometry(const CameraState& target,
                                       const CameraState& source,
                                       double focal_px) {
  const RelativeView view = TargetFromSource(target, source);
  const Vec3d still{0, 1, 0};
  return {view.rotation, view.translation, source.scale, target.scale, focal_px, still, still};
}

// Derivative of the relative twist (omega, nu) of match_kernel.h by the twelve tangents of the two
// cameras, target's six first. With left perturbations (w, v) of both,
//   omega = R_t^T (w_s - w_t),  nu = R_t^T (v_s - v_t + (c_s - c_t) x w_t).
FOOTHOLD_HD Mat<double, 6, 12> TwistByCameras(const CameraState& target, const CameraState& source) {
  const Mat3d inverse = Transposed(target.rotation);
  const Mat3d arm = inverse * Skew(source.world_from_cam.translation - target.world_from_cam.translation);
  Mat<double, 6, 12> chain = Mat<double, 6, 12>::Zero();
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) {
      chain(r, c) = -inverse(r, c);
      chain(r, 6 + c) = inverse(r, c);
      chain(3 + r, c) = arm(r, c);
      chain(3 + r, 3 + c) = -inverse(r, c);
      chain(3 + r, 9 + c) = inverse(r, c);
    }
  }
  return chain;
}

// Normal equations of many residuals of one pair in relative coordinates.
template <int N>
struct RelativeSystem {
  Mat<double, N, N> hessian = Mat<double, N, N>::Zero();  // Lower triangle.
  Vec<double, N> gradient = Vec<double, N>::Zero();

  // Sums of match_kernel.h times `unit`.
  template <class Sums>
  FOOTHOLD_HD static RelativeSystem FromSums(const Sums& sums, double unit) {
    static_assert(sizeof(Sums::gradient) == N * sizeof(double));
    RelativeSystem system;
    int k = 0;
    for (int a = 0; a < N; ++a) {
      for (int b = 0; b <= a; ++b, ++k) system.hessian(a, b) = unit * sums.hessian[k];
      system.gradient[a] = unit * sums.gradient[a];
    }
    return system;
  }

  // Adds chain^T H chain to a group; `chain` is d (relative columns) / d (group tangents).
  template <int M>
  void AddTo(const Mat<double, N, M>& chain, GroupSystem* system) const {
    Mat<double, N, N> full = hessian;
    for (int a = 0; a < N; ++a) {
      for (int b = 0; b < a; ++b) full(b, a) = full(a, b);
    }
    const Mat<double, N, M> product = full * chain;
    for (int a = 0; a < M; ++a) {
      for (int b = 0; b <= a; ++b) {
        double sum = 0;
        for (int k = 0; k < N; ++k) sum += chain(k, a) * product(k, b);
        system->hessian[static_cast<size_t>(a) * M + b] += sum;
      }
      for (int k = 0; k < N; ++k) system->gradient[a] += chain(k, a) * gradient[k];
    }
  }
};

// Tangents of a match group: camera i, camera j, focal.
constexpr int kPairDof = 2 * kCameraDof + 1;

// Chain of the twist rows when the target is camera i (`source_first` false) or camera j (true).
template <int N>
FOOTHOLD_HD Mat<double, N, kPairDof> PairChain(const CameraState& target,
                                               const CameraState& source,
                                               bool source_first) {
  const Mat<double, 6, 12> twist = TwistByCameras(target, source);
  const int target_column = source_first ? kCameraDof : 0;
  const int source_column = source_first ? 0 : kCameraDof;
  Mat<double, N, kPairDof> chain = Mat<double, N, kPairDof>::Zero();
  for (int r = 0; r < 6; ++r) {
    for (int c = 0; c < 6; ++c) {
      chain(r, target_column + c) = twist(r, c);
      chain(r, source_column + c) = twist(r, 6 + c);
    }
  }
  chain(kSourceLogScale, source_column + kLogScale) = 1;
  return chain;
}

}  // namespace foothold
