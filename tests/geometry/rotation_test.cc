// SPDX-License-Identifier: Apache-2.0
#include "foothold/geometry/rotation.h"

#include <numbers>

#include "geometry/dual.h"
#include "geometry/random_geometry.h"

namespace foothold {
namespace {

constexpr double kPi = std::numbers::pi;

// Rotation vectors of all sizes: the branches near zero, ordinary ones, and close to half a turn.
std::vector<Vec3d> RotationVectors() {
  RandomStream random(1, "rotation_vectors");
  std::vector<Vec3d> vectors = {Vec3d::Zero()};
  for (double angle : {1e-9, 1e-7, 0.9e-4, 1.1e-4, 1e-3, 0.1, 1.0, 2.0, 3.0, kPi - 1e-3, kPi - 1e-6}) {
    for (int i = 0; i < 5; ++i) vectors.push_back(angle * Normalized(RandomVec3(&random, 1)));
  }
  return vectors;
}

TEST(Rotation, ExpThenLogIsIdentity) {
  for (const Vec3d& w : RotationVectors()) {
    const Quatd q = ExpQuaternion(w);
    EXPECT_NEAR(Dot(q, q), 1, 1e-14);
    ExpectNear(LogQuaternion(q), w, 1e-9 * std::max(1e-3, Norm(w)));
  }
}

TEST(Rotation, LogThenExpIsIdentityAndShort) {
  RandomStream random(2, "quaternions");
  for (int i = 0; i < 200; ++i) {
    const Quatd q = RandomQuaternion(&random);
    const Vec3d w = LogQuaternion(q);
    EXPECT_LE(Norm(w), kPi + 1e-12);
    ExpectSameRotation(ExpQuaternion(w), q, 1e-13);
  }
  EXPECT_NEAR(Norm(LogQuaternion(Quatd{0, 1, 0, 0})), kPi, 1e-12);
}

TEST(Rotation, ExpTurnsByTheRightHandRule) {
  ExpectNear(Rotate(ExpQuaternion(Vec3d{0, 0, kPi / 2}), Vec3d{1, 0, 0}), Vec3d{0, 1, 0}, 1e-15);
}

TEST(Rotation, MatrixQuaternionAndProductAgree) {
  RandomStream random(3, "quaternions");
  for (int i = 0; i < 200; ++i) {
    const Quatd a = RandomQuaternion(&random), b = RandomQuaternion(&random);
    const Vec3d v = RandomVec3(&random, 2);
    const Mat3d matrix = MatrixFromQuaternion(a);
    ExpectNear(matrix * Transposed(matrix), Mat3d::Identity(), 1e-14);
    EXPECT_NEAR(Determinant(matrix), 1, 1e-14);
    ExpectNear(matrix * v, Rotate(a, v), 1e-14);
    ExpectNear(Rotate(a * b, v), Rotate(a, Rotate(b, v)), 1e-14);
    const Quatd back = QuaternionFromMatrix(matrix);
    EXPECT_GE(back.w, 0);
    ExpectSameRotation(back, a, 1e-14);
  }
}

TEST(Rotation, QuaternionFromMatrixTakesEveryBranch) {
  for (const Quatd& q : {Quatd{1, 0, 0, 0}, Quatd{0, 1, 0, 0}, Quatd{0, 0, 1, 0}, Quatd{0, 0, 0, 1}}) {
    ExpectSameRotation(QuaternionFromMatrix(MatrixFromQuaternion(q)), q, 1e-15);
  }
}

// Exp(w + d) = Exp(w) Exp(J d): the derivative of Log(Exp(w)^-1 Exp(w + d)) at d = 0.
TEST(Rotation, RightJacobianEqualsDualAndCentralDifferences) {
  for (const Vec3d& w : RotationVectors()) {
    const Mat3d jacobian = RightJacobianSo3(w);
    const Quatd inverse = Conjugate(ExpQuaternion(w));
    for (int k = 0; k < 3; ++k) {
      Vec<Dual, 3> dual_w = w.Cast<Dual>();
      dual_w[k].slope = 1;
      const Vec<Dual, 3> moved = LogQuaternion(inverse.Cast<Dual>() * ExpQuaternion(dual_w));
      const double step = 1e-5;
      Vec3d plus = w, minus = w;
      plus[k] += step;
      minus[k] -= step;
      const Vec3d difference =
          (LogQuaternion(inverse * ExpQuaternion(plus)) - LogQuaternion(inverse * ExpQuaternion(minus))) /
          (2 * step);
      for (int r = 0; r < 3; ++r) {
        // The series near zero are cut after terms of 1e-16 and below.
        EXPECT_NEAR(moved[r].slope, jacobian(r, k), 2e-9) << Norm(w);
        EXPECT_NEAR(difference[r], jacobian(r, k), 1e-9) << Norm(w);
      }
    }
  }
}

TEST(Rotation, RotatedVectorHasItsDerivative) {
  // d/dw Rotate(Exp(w), v) = -R [v]x J_r(w).
  RandomStream random(5, "derivative");
  for (const Vec3d& w : RotationVectors()) {
    const Vec3d v = RandomVec3(&random, 2);
    const Mat3d expected = -1.0 * (MatrixFromQuaternion(ExpQuaternion(w)) * Skew(v) * RightJacobianSo3(w));
    for (int k = 0; k < 3; ++k) {
      Vec<Dual, 3> dual_w = w.Cast<Dual>();
      dual_w[k].slope = 1;
      const Vec<Dual, 3> rotated = Rotate(ExpQuaternion(dual_w), v.Cast<Dual>());
      for (int r = 0; r < 3; ++r) EXPECT_NEAR(rotated[r].slope, expected(r, k), 1e-8) << Norm(w);
    }
  }
}

TEST(Rotation, SlerpHasConstantSpeedOnTheShortArc) {
  RandomStream random(6, "slerp");
  for (int i = 0; i < 50; ++i) {
    const Quatd a = RandomQuaternion(&random), b = RandomQuaternion(&random);
    const double angle = Norm(LogQuaternion(Conjugate(a) * b));
    ExpectSameRotation(Slerp(a, b, 0.0), a, 1e-14);
    ExpectSameRotation(Slerp(a, b, 1.0), b, 1e-13);
    for (double u : {0.25, 0.5, 0.9}) {
      EXPECT_NEAR(Norm(LogQuaternion(Conjugate(a) * Slerp(a, b, u))), u * angle, 1e-12);
    }
    const Quatd negative{-b.w, -b.x, -b.y, -b.z};
    ExpectSameRotation(Slerp(a, negative, 0.3), Slerp(a, b, 0.3), 1e-13);
  }
}

}  // namespace
}  // namespace foothold
