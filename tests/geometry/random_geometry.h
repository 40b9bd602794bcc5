// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "foothold/base/random.h"
#include "foothold/geometry/transform.h"

namespace foothold {

inline Vec3d RandomVec3(RandomStream* random, double size) {
  return {random->Uniform(-size, size), random->Uniform(-size, size), random->Uniform(-size, size)};
}
inline Quatd RandomQuaternion(RandomStream* random) {
  return Normalized(Quatd{random->Normal(), random->Normal(), random->Normal(), random->Normal()});
}
inline Rigid3d RandomRigid(RandomStream* random) { return {RandomQuaternion(random), RandomVec3(random, 3)}; }
inline Similarity3d RandomSimilarity(RandomStream* random) {
  return {random->Uniform(0.2, 5), RandomQuaternion(random), RandomVec3(random, 3)};
}

template <int N>
void ExpectNear(const Vec<double, N>& a, const Vec<double, N>& b, double tolerance) {
  for (int i = 0; i < N; ++i) EXPECT_NEAR(a[i], b[i], tolerance) << "element " << i;
}
template <int R, int C>
void ExpectNear(const Mat<double, R, C>& a, const Mat<double, R, C>& b, double tolerance) {
  for (int i = 0; i < R * C; ++i) EXPECT_NEAR(a.data[i], b.data[i], tolerance) << "element " << i;
}
// Equal as rotations: q and -q are one.
inline void ExpectSameRotation(const Quatd& a, const Quatd& b, double tolerance) {
  const double sign = Dot(a, b) < 0 ? -1 : 1;
  EXPECT_NEAR(a.w, sign * b.w, tolerance);
  EXPECT_NEAR(a.x, sign * b.x, tolerance);
  EXPECT_NEAR(a.y, sign * b.y, tolerance);
  EXPECT_NEAR(a.z, sign * b.z, tolerance);
}

}  // namespace foothold
