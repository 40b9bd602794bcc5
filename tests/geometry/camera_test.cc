// SPDX-License-Identifier: Apache-2.0
#include "foothold/geometry/camera.h"

#include "geometry/dual.h"
#include "geometry/random_geometry.h"

namespace foothold {
namespace {

TEST(Pinhole, ProjectAndUnprojectAreInverse) {
  const Pinholed camera{500, 255.5, 191.5};
  RandomStream random(1, "camera");
  for (int i = 0; i < 50; ++i) {
    const Vec3d x_in_cam{random.Uniform(-2, 2), random.Uniform(-2, 2), random.Uniform(0.5, 9)};
    ExpectNear(x_in_cam[2] * Unproject(camera, Project(camera, x_in_cam)), x_in_cam, 1e-13);
  }
  ExpectNear(Project(camera, Vec3d{0, 0, 2}), Vec2d{255.5, 191.5}, 0);
  // x to the right, y down.
  EXPECT_GT(Project(camera, Vec3d{1, 0, 2})[0], 255.5);
  EXPECT_GT(Project(camera, Vec3d{0, 1, 2})[1], 191.5);
}

TEST(Pinhole, DerivativeOfProjection) {
  const Vec3d x{0.3, -0.7, 2.5};
  const double focal_px = 500;
  for (int k = 0; k < 3; ++k) {
    Vec<Dual, 3> moved = x.Cast<Dual>();
    moved[k].slope = 1;
    const Vec<Dual, 2> pixel = Project(Pinhole<Dual>{focal_px, 255.5, 191.5}, moved);
    const double du = k == 0 ? focal_px / x[2] : k == 2 ? -focal_px * x[0] / (x[2] * x[2]) : 0;
    const double dv = k == 1 ? focal_px / x[2] : k == 2 ? -focal_px * x[1] / (x[2] * x[2]) : 0;
    EXPECT_NEAR(pixel[0].slope, du, 1e-12);
    EXPECT_NEAR(pixel[1].slope, dv, 1e-12);
  }
}

TEST(RadialDistortion, UndistortInvertsDistort) {
  for (const RadialDistortiond& lens : {RadialDistortiond{0, 0},
                                        RadialDistortiond{-0.25, 0.05},
                                        RadialDistortiond{0.3, 0.1},
                                        RadialDistortiond{-0.1, 0},
                                        RadialDistortiond{0.1, -0.02}}) {
    for (double radius = 0; radius <= 0.9; radius += 0.05) {
      for (double angle = 0; angle < 6; angle += 0.7) {
        const Vec2d x{radius * std::cos(angle), radius * std::sin(angle)};
        ExpectNear(Undistort(lens, Distort(lens, x)), x, 1e-12);
      }
    }
  }
}

TEST(RadialDistortion, KnownValue) {
  // r = 0.5: 1 + 0.2 * 0.25 + 0.4 * 0.0625 = 1.075.
  ExpectNear(Distort(RadialDistortiond{0.2, 0.4}, Vec2d{0.3, 0.4}), Vec2d{0.3225, 0.43}, 1e-15);
}

TEST(RadialDistortion, BeyondTheTurningPointStaysFinite) {
  // 1 - 0.9 r^2 turns at r = 0.61, where the image radius is 0.41: nothing projects to 0.8.
  const Vec2d x = Undistort(RadialDistortiond{-0.9, 0}, Vec2d{0.8, 0});
  EXPECT_TRUE(std::isfinite(x[0]));
  EXPECT_TRUE(std::isfinite(x[1]));
}

TEST(RadialDistortion, DerivativeOfUndistortIsTheInverseMatrix) {
  const RadialDistortiond lens{-0.2, 0.05};
  const Vec2d x{0.4, -0.3};
  Mat<double, 2, 2> forward, backward;
  for (int k = 0; k < 2; ++k) {
    Vec<Dual, 2> moved = x.Cast<Dual>();
    moved[k].slope = 1;
    const Vec<Dual, 2> distorted = Distort(RadialDistortion<Dual>{lens.k1, lens.k2}, moved);
    Vec<Dual, 2> back = Distort(lens, x).Cast<Dual>();
    back[k].slope = 1;
    const Vec<Dual, 2> undistorted = Undistort(RadialDistortion<Dual>{lens.k1, lens.k2}, back);
    for (int r = 0; r < 2; ++r) {
      forward(r, k) = distorted[r].slope;
      backward(r, k) = undistorted[r].slope;
    }
  }
  ExpectNear(forward * backward, Mat<double, 2, 2>::Identity(), 1e-12);
}

}  // namespace
}  // namespace foothold
