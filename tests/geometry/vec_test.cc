// SPDX-License-Identifier: Apache-2.0
#include "foothold/geometry/vec.h"

#include "geometry/random_geometry.h"

namespace foothold {
namespace {

TEST(Vec, CrossAndSkewAgree) {
  RandomStream random(1, "vec");
  for (int i = 0; i < 20; ++i) {
    const Vec3d a = RandomVec3(&random, 2), b = RandomVec3(&random, 2);
    ExpectNear(Skew(a) * b, Cross(a, b), 1e-15);
    EXPECT_NEAR(Dot(Cross(a, b), a), 0, 1e-14);
    EXPECT_NEAR(Norm(Normalized(a)), 1, 1e-15);
  }
}

TEST(Mat, ProductTransposeDeterminant) {
  const Mat<double, 2, 3> a{1, 2, 3, 4, 5, 6};
  const Mat<double, 3, 2> b{7, 8, 9, 10, 11, 12};
  ExpectNear(a * b, Mat<double, 2, 2>{58, 64, 139, 154}, 0);
  ExpectNear(Transposed(a), Mat<double, 3, 2>{1, 4, 2, 5, 3, 6}, 0);
  ExpectNear(a * Vec3d{1, 0, -1}, Vec2d{-2, -2}, 0);
  ExpectNear(a.Column(2), Vec2d{3, 6}, 0);
  EXPECT_EQ(Determinant(Mat3d{2, 0, 1, 1, 3, 2, 1, 1, 1}), 0);
  EXPECT_EQ(Determinant(Mat3d{2, 0, 1, 1, 3, 2, 1, 1, 4}), 18);
}

}  // namespace
}  // namespace foothold
