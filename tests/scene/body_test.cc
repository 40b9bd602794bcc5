// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

Vec3d RandomVector(RandomStream* random, double size) {
  return {size * random->Normal(), size * random->Normal(), size * random->Normal()};
}

// A small body of random numbers, with pose correctives and four influences a vertex.
BodyModel RandomBody(int num_vertices) {
  RandomStream random(7, "random body");
  BodyModel model;
  model.num_vertices = num_vertices;
  model.num_shape = kNumShape;
  for (int k = 0; k < kNumJoints; ++k) {
    model.parents[k] = k == 0 ? -1 : random.UniformInt(std::max(0, k - 3), k - 1);
    model.joint_template_m[k] = RandomVector(&random, 0.5);
    for (Vec3d& dir : model.joint_dirs_m[k]) dir = RandomVector(&random, 0.05);
  }
  for (int v = 0; v < num_vertices; ++v) {
    model.template_m.push_back(RandomVector(&random, 0.5).Cast<float>());
    for (int s = 0; s < kNumShape; ++s) {
      model.shape_dirs_m.push_back(RandomVector(&random, 0.05).Cast<float>());
    }
    for (int p = 0; p < 9 * (kNumJoints - 1); ++p) {
      model.pose_dirs_m.push_back(RandomVector(&random, 0.02).Cast<float>());
    }
    const float weights[4] = {0.4f, 0.3f, 0.2f, 0.1f};
    for (int i = 0; i < 4; ++i) {
      model.skin_weights.push_back(weights[i]);
      model.skin_joints.push_back(static_cast<uint8_t>(random.UniformInt(6 * i, 6 * i + 5)));
    }
  }
  return model;
}

struct ShapeAndPose {
  BodyShape shape{};
  BodyPose pose;
};

ShapeAndPose RandomPose(uint64_t seed) {
  RandomStream random(seed, "random pose");
  ShapeAndPose body;
  for (double& coefficient : body.shape) coefficient = random.Normal();
  body.pose.root = ExpQuaternion(RandomVector(&random, 1));
  body.pose.translation_m = RandomVector(&random, 3);
  for (Quatd& joint : body.pose.joints) joint = ExpQuaternion(RandomVector(&random, 0.5));
  return body;
}

// The body moved by `step` along one column of the Jacobian.
ShapeAndPose Perturbed(ShapeAndPose body, int column, double step) {
  if (column < kBodyRotation) {
    body.pose.translation_m[column] += step;
  } else if (column < kBodyShape) {
    const int joint = (column - kBodyRotation) / 3;
    Vec3d tangent = Vec3d::Zero();
    tangent[(column - kBodyRotation) % 3] = step;
    Quatd& rotation = joint == 0 ? body.pose.root : body.pose.joints[joint - 1];
    rotation = rotation * ExpQuaternion(tangent);
  } else {
    body.shape[column - kBodyShape] += step;
  }
  return body;
}

template <class PointOf>
void ExpectJacobianMatchesDifferences(const ShapeAndPose& body,
                                      const BodyJacobian& jacobian,
                                      PointOf point_of) {
  constexpr double kStep = 1e-5;
  for (int column = 0; column < kBodyDof; ++column) {
    const Vec3d plus = point_of(Perturbed(body, column, kStep));
    const Vec3d minus = point_of(Perturbed(body, column, -kStep));
    const Vec3d numeric = (plus - minus) / (2 * kStep);
    EXPECT_LT(Norm(numeric - jacobian.Column(column)), 1e-8) << "column " << column;
  }
}

void ExpectVertexJacobians(const BodyModel& model, const std::vector<int>& vertices, uint64_t seed) {
  const ShapeAndPose body = RandomPose(seed);
  const PosedSkeleton skeleton = PoseSkeleton(model, body.shape, body.pose);
  for (const int vertex : vertices) {
    BodyJacobian jacobian;
    const Vec3d point = VertexWithJacobian(model, skeleton, body.shape, body.pose, vertex, &jacobian);
    EXPECT_LT(Norm(point - PoseVertices(model, body.shape, body.pose, {vertex})[0]), 1e-14);
    ExpectJacobianMatchesDifferences(body, jacobian, [&](const ShapeAndPose& moved) {
      return PoseVertices(model, moved.shape, moved.pose, {vertex})[0];
    });
  }
}

TEST(Body, JointJacobianMatchesDifferences) {
  const BodyModel model = RandomBody(4);
  const ShapeAndPose body = RandomPose(1);
  const PosedSkeleton skeleton = PoseSkeleton(model, body.shape, body.pose);
  for (int joint = 0; joint < kNumJoints; ++joint) {
    BodyJacobian jacobian;
    const Vec3d point = JointWithJacobian(model, skeleton, body.pose, joint, &jacobian);
    EXPECT_EQ(point, skeleton.joints_m[joint]);
    ExpectJacobianMatchesDifferences(body, jacobian, [&](const ShapeAndPose& moved) {
      return PoseSkeleton(model, moved.shape, moved.pose).joints_m[joint];
    });
  }
}

TEST(Body, VertexJacobianMatchesDifferencesWithCorrectives) {
  const BodyModel model = RandomBody(6);
  ExpectVertexJacobians(model, {0, 1, 2, 3, 4, 5}, 2);
}

TEST(Body, VertexJacobianMatchesDifferencesOnTheDefaultBody) {
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  ExpectVertexJacobians(
      model, {0, model.num_vertices - 1, model.foot_vertices[0], model.sole_vertices[1][3]}, 3);
}

TEST(Body, CorrectivesAreLinearInTheRotationMatrices) {
  BodyModel model = RandomBody(3);
  const ShapeAndPose body = RandomPose(4);
  const std::vector<Vec3d> with = PoseAllVertices(model, body.shape, body.pose);
  // The same offsets baked into the template by hand.
  BodyModel plain = model;
  plain.pose_dirs_m.clear();
  for (int v = 0; v < model.num_vertices; ++v) {
    for (int k = 1; k < kNumJoints; ++k) {
      const Mat3d rotation = MatrixFromQuaternion(body.pose.joints[k - 1]) - Mat3d::Identity();
      for (int e = 0; e < 9; ++e) {
        const Vec3f dir = model.pose_dirs_m[static_cast<size_t>(v) * 207 + 9 * (k - 1) + e];
        plain.template_m[v] = plain.template_m[v] + static_cast<float>(rotation.data[e]) * dir;
      }
    }
  }
  const std::vector<Vec3d> baked = PoseAllVertices(plain, body.shape, body.pose);
  for (int v = 0; v < model.num_vertices; ++v) EXPECT_LT(Norm(with[v] - baked[v]), 1e-6);
  // And they vanish at rest, whatever the root does.
  BodyPose rest = body.pose;
  rest.joints.fill(Quatd::Identity());
  model.template_m = plain.template_m;
  const std::vector<Vec3d> a = PoseAllVertices(model, body.shape, rest);
  const std::vector<Vec3d> b = PoseAllVertices(plain, body.shape, rest);
  for (int v = 0; v < model.num_vertices; ++v) EXPECT_LT(Norm(a[v] - b[v]), 1e-15);
}

TEST(Body, RestPoseIsTheShapedTemplate) {
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  BodyShape shape{};
  shape[1] = 2;
  const std::vector<Vec3d> posed = PoseAllVertices(model, shape, BodyPose());
  for (size_t v = 0; v < posed.size(); ++v) {
    const Vec3d shaped =
        model.template_m[v].Cast<double>() + 2.0 * model.shape_dirs_m[v * kNumShape + 1].Cast<double>();
    ASSERT_LT(Norm(posed[v] - shaped), 1e-6) << v;
  }
}

TEST(Body, TransformBodyMovesEveryPoint) {
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const ShapeAndPose body = RandomPose(seed);
    RandomStream random(seed, "camera");
    const Rigid3d world_from_cam{ExpQuaternion(RandomVector(&random, 1)), RandomVector(&random, 5)};
    const BodyPose in_world = TransformBody(world_from_cam, body.pose, RestPelvis(model, body.shape));
    const std::vector<Vec3d> in_cam = PoseAllVertices(model, body.shape, body.pose);
    const std::vector<Vec3d> posed = PoseAllVertices(model, body.shape, in_world);
    for (size_t v = 0; v < posed.size(); v += 97) {
      // Weights are stored as float32 and sum to one only to 1e-7.
      ASSERT_LT(Norm(posed[v] - world_from_cam * in_cam[v]), 1e-6) << v;
    }
    const PosedSkeleton before = PoseSkeleton(model, body.shape, body.pose);
    const PosedSkeleton after = PoseSkeleton(model, body.shape, in_world);
    for (int k = 0; k < kNumJoints; ++k) {
      EXPECT_LT(Norm(after.joints_m[k] - world_from_cam * before.joints_m[k]), 1e-13);
    }
  }
}

TEST(Body, VertexOutOfRangeIsAContractError) {
  const BodyModel model = RandomBody(4);
  EXPECT_THROW(PoseVertices(model, BodyShape{}, BodyPose(), {4}), Error);
}

TEST(Body, DefaultBodyStandsUprightOnItsSoles) {
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  EXPECT_EQ(model.num_vertices, 13380);
  EXPECT_EQ(model.faces.size(), 26756u);
  EXPECT_TRUE(model.pose_dirs_m.empty());
  EXPECT_EQ(model.content_hash.size(), 32u);
  float low = 0, high = 0;
  for (const Vec3f& x : model.template_m) {
    low = std::min(low, x[1]);
    high = std::max(high, x[1]);
  }
  EXPECT_GT(high - low, 1.6);
  EXPECT_LT(high - low, 1.8);
  for (int side = 0; side < 2; ++side) {
    EXPECT_EQ(model.sole_vertices[side].size(), 737u);
    for (const int v : model.sole_vertices[side]) {
      EXPECT_LT(model.template_m[v][1], low + 0.021f);
      EXPECT_GT((side == 0 ? 1 : -1) * model.template_m[v][0], 0);  // x to the body's left.
    }
    // Heel behind toe.
    EXPECT_LT(model.template_m[model.foot_vertices[2 * side]][2],
              model.template_m[model.foot_vertices[2 * side + 1]][2]);
  }
  EXPECT_GT(PoseSkeleton(model, BodyShape{}, BodyPose()).joints_m[kHead][1], 0.5);
  EXPECT_LT(PoseSkeleton(model, BodyShape{}, BodyPose()).joints_m[kLeftFoot][1], -0.7);
}

}  // namespace
}  // namespace foothold
