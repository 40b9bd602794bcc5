// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/parameters.h"

#include <gtest/gtest.h>

namespace foothold {
namespace {

TEST(Parameters, PlusFollowsEachManifold) {
  const Rigid3d pose{ExpQuaternion(Vec3d{0.3, -0.2, 0.5}), {1, 2, 3}};
  const Quatd joint = ExpQuaternion(Vec3d{-0.4, 0.1, 0.2});
  ParameterLayout layout;
  layout.BeginBlock();
  layout.AddRigid(pose);
  layout.AddEuclidean({0.5});
  const int second = layout.BeginBlock();
  layout.AddRotation(joint);
  ASSERT_EQ(layout.num_blocks(), 2);
  ASSERT_EQ(layout.num_tangent(), 10);
  EXPECT_EQ(layout.block(0).dof, 7);
  EXPECT_EQ(layout.block(second).tangent_offset, 7);

  const std::vector<double> delta{0.1, 0.2, -0.1, 0.5, -0.5, 1, 0.25, 0.01, -0.02, 0.03};
  std::vector<double> moved;
  layout.Plus(layout.initial_values(), delta, &moved);
  const ParameterView view{&layout, moved.data()};

  const Rigid3d moved_pose = ReadRigid(view.Block(0));
  const Vec3d x{0.7, -1, 2};
  const Vec3d expected = Rotate(ExpQuaternion(Vec3d{0.1, 0.2, -0.1}), Rotate(pose.rotation, x)) +
                         pose.translation + Vec3d{0.5, -0.5, 1};
  EXPECT_LT(Norm(moved_pose * x - expected), 1e-14);
  EXPECT_EQ(view.Block(0)[7], 0.75);
  const Quatd expected_joint = joint * ExpQuaternion(Vec3d{0.01, -0.02, 0.03});
  EXPECT_LT(Norm(LogQuaternion(Conjugate(expected_joint) * ReadRotation(view.Block(second)))), 1e-14);
}

TEST(Parameters, FixedPiecesKeepTheirBits) {
  ParameterLayout layout;
  layout.BeginBlock();
  const int pose = layout.AddRigid({ExpQuaternion(Vec3d{1, 2, 3}), {0.1, 0.2, 0.3}});
  layout.AddEuclidean({1.0});
  layout.SetFixed(pose, true);
  EXPECT_EQ(layout.num_free(), 1);
  std::vector<double> moved;
  layout.Plus(layout.initial_values(), std::vector<double>(7, 0.5), &moved);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(moved[i], layout.initial_values()[i]);
  EXPECT_EQ(moved[7], 1.5);
  const std::vector<uint8_t> mask = layout.FreeMask();
  EXPECT_EQ(mask[5], 0);
  EXPECT_EQ(mask[6], 1);
}

}  // namespace
}  // namespace foothold
