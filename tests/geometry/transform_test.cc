// SPDX-License-Identifier: Apache-2.0
#include "foothold/geometry/transform.h"

#include "geometry/random_geometry.h"

namespace foothold {
namespace {

TEST(Rigid, GroupLaws) {
  RandomStream random(1, "rigid");
  for (int i = 0; i < 50; ++i) {
    const Rigid3d a = RandomRigid(&random), b = RandomRigid(&random), c = RandomRigid(&random);
    const Vec3d x = RandomVec3(&random, 2);
    ExpectNear((a * b) * x, a * (b * x), 1e-13);
    ExpectNear(((a * b) * c) * x, (a * (b * c)) * x, 1e-13);
    ExpectNear(Inverse(a) * (a * x), x, 1e-13);
    ExpectNear((a * Inverse(a)) * x, x, 1e-13);
    ExpectNear((Rigid3d::Identity() * a) * x, a * x, 1e-14);
    EXPECT_NEAR(Norm(a * x - a * Vec3d::Zero()), Norm(x), 1e-13);
  }
}

TEST(Rigid, MatrixDoesTheSame) {
  RandomStream random(2, "rigid");
  const Rigid3d a = RandomRigid(&random), b = RandomRigid(&random);
  const Vec3d x = RandomVec3(&random, 2), moved = a * x;
  ExpectNear(MatrixFromRigid(a) * Vec<double, 4>{x[0], x[1], x[2], 1},
             Vec<double, 4>{moved[0], moved[1], moved[2], 1},
             1e-14);
  ExpectNear(MatrixFromRigid(a) * MatrixFromRigid(b), MatrixFromRigid(a * b), 1e-14);
}

TEST(Rigid, ManyProductsStayOrthonormal) {
  RandomStream random(3, "rigid");
  const Rigid3d step = RandomRigid(&random);
  Rigid3d product = Rigid3d::Identity();
  for (int i = 0; i < 100000; ++i) product = product * step;
  EXPECT_NEAR(Dot(product.rotation, product.rotation), 1, 1e-14);
}

TEST(Rigid, InterpolateMeetsItsEnds) {
  RandomStream random(4, "rigid");
  const Rigid3d a = RandomRigid(&random), b = RandomRigid(&random);
  const Vec3d x = RandomVec3(&random, 2);
  ExpectNear(Interpolate(a, b, 0.0) * x, a * x, 1e-13);
  ExpectNear(Interpolate(a, b, 1.0) * x, b * x, 1e-13);
  ExpectNear(Interpolate(a, b, 0.5).translation, 0.5 * (a.translation + b.translation), 1e-15);
}

TEST(Similarity, GroupLaws) {
  RandomStream random(5, "similarity");
  for (int i = 0; i < 50; ++i) {
    const Similarity3d a = RandomSimilarity(&random), b = RandomSimilarity(&random);
    const Vec3d x = RandomVec3(&random, 2), y = RandomVec3(&random, 2);
    ExpectNear((a * b) * x, a * (b * x), 1e-12);
    ExpectNear(Inverse(a) * (a * x), x, 1e-12);
    ExpectNear(Similarity3d::Identity() * x, x, 0);
    EXPECT_NEAR(Norm(a * x - a * y), a.scale * Norm(x - y), 1e-12);
  }
}

}  // namespace
}  // namespace foothold
