// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/world_motion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "foothold/base/random.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr int kKeyframes = 6, kPeople = 3;

// Cameras and people who move in a world, and what a perfect student would say about them. The motions are
// made by posing bodies, not from the formulas under test.
struct Scene {
  BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  std::vector<Rigid3d> world_from_cam;
  std::vector<std::vector<KeyframeBody>> in_cam{kPeople, std::vector<KeyframeBody>(kKeyframes)};
  std::vector<Vec3d> rest_pelvis_m;
  std::vector<PersonMotion> motions;

  Scene() {
    RandomStream random(5, "world motion");
    const auto turn = [&] {
      return ExpQuaternion(Vec3d{random.Normal(), random.Normal(), random.Normal()} * 0.4);
    };
    const auto move = [&] { return Vec3d{random.Normal(), random.Normal(), random.Normal()} * 0.5; };
    world_from_cam.push_back(Rigid3d::Identity());
    for (int k = 1; k < kKeyframes; ++k) world_from_cam.push_back({turn(), move()});
    for (int p = 0; p < kPeople; ++p) {
      BodyShape shape{};
      shape[0] = p - 1.0;
      rest_pelvis_m.push_back(RestPelvis(body, shape));
      std::vector<BodyPose> in_world(kKeyframes), in_camera(kKeyframes);
      for (int k = 0; k < kKeyframes; ++k) {
        in_world[k].root = turn();
        in_world[k].translation_m = move() + Vec3d{0, 0, 5};
        in_camera[k] = TransformBody(Inverse(world_from_cam[k]), in_world[k], rest_pelvis_m[p]);
        in_cam[p][k] = {true, in_camera[k].root};
      }
      for (int k = 0; k + 1 < kKeyframes; ++k) {
        // Take the first body to the identity; the same rigid motion takes the second to the answer.
        BodyPose identity;
        const Rigid3d world_from_root{in_world[k].root, rest_pelvis_m[p] + in_world[k].translation_m};
        const Rigid3d identity_from_root{identity.root, rest_pelvis_m[p]};
        const BodyPose moved =
            TransformBody(identity_from_root * Inverse(world_from_root), in_world[k + 1], rest_pelvis_m[p]);
        PersonMotion motion;
        motion.person = p;
        motion.first = k;
        motion.second = k + 1;
        motion.rel_rotation = moved.root;
        motion.rel_translation_m = moved.translation_m;
        motion.translation_m[0] = in_camera[k].translation_m;
        motion.translation_m[1] = in_camera[k + 1].translation_m;
        motions.push_back(motion);
      }
    }
  }
};

void ExpectNear(const Rigid3d& found, const Rigid3d& expected, int k) {
  EXPECT_LT(Norm(found.translation - expected.translation), 1e-9) << k;
  EXPECT_LT(Norm(LogQuaternion(Conjugate(found.rotation) * expected.rotation)), 1e-9) << k;
}

TEST(WorldMotion, APerfectStudentGivesTheCameras) {
  const Scene scene;
  int num_unseen = -1;
  const auto cameras =
      CamerasFromMotions(scene.motions, scene.in_cam, scene.rest_pelvis_m, kKeyframes, &num_unseen);
  EXPECT_EQ(num_unseen, 0);
  for (int k = 0; k < kKeyframes; ++k) ExpectNear(cameras[k], scene.world_from_cam[k], k);
}

TEST(WorldMotion, OnePersonSeenWronglyDoesNotBendThePath) {
  Scene scene;
  for (PersonMotion& motion : scene.motions) {
    if (motion.person != 1) continue;
    motion.rel_translation_m = motion.rel_translation_m + Vec3d{2, -1, 3};
    motion.weight = 1.5;
  }
  int num_unseen = -1;
  const auto cameras =
      CamerasFromMotions(scene.motions, scene.in_cam, scene.rest_pelvis_m, kKeyframes, &num_unseen);
  for (int k = 0; k < kKeyframes; ++k) ExpectNear(cameras[k], scene.world_from_cam[k], k);
}

TEST(WorldMotion, AKeyframeWithoutPeopleKeepsStillAndIsCounted) {
  Scene scene;
  std::erase_if(scene.motions, [](const PersonMotion& motion) { return motion.second == 3; });
  int num_unseen = -1;
  const auto cameras =
      CamerasFromMotions(scene.motions, scene.in_cam, scene.rest_pelvis_m, kKeyframes, &num_unseen);
  EXPECT_EQ(num_unseen, 1);
  ExpectNear(cameras[2], scene.world_from_cam[2], 2);
  ExpectNear(cameras[3], scene.world_from_cam[2], 3);
}

TEST(WorldMotion, FramesLieBetweenTheirKeyframes) {
  const std::vector<Rigid3d> at = {Rigid3d::Identity(), {ExpQuaternion(Vec3d{0, 0.4, 0}), {2, 0, 0}}};
  const std::vector<Rigid3d> cameras = CamerasBetweenKeyframes(at, {0, 4}, 7);
  ASSERT_EQ(cameras.size(), 7u);
  ExpectNear(cameras[1], {ExpQuaternion(Vec3d{0, 0.1, 0}), {0.5, 0, 0}}, 1);
  ExpectNear(cameras[4], at[1], 4);
  ExpectNear(cameras[6], at[1], 6);
}

TEST(WorldMotion, ScalesLoseOutliersAndKeepTrends) {
  const std::vector<double> smooth = SmoothScales({1, 1.1, 9, 1.3, 1.4, 1.5}, 1);
  const std::vector<double> expected = {std::sqrt(1.1), 1.1, 1.3, 1.4, 1.4, std::sqrt(1.4 * 1.5)};
  ASSERT_EQ(smooth.size(), expected.size());
  for (size_t i = 0; i < smooth.size(); ++i) EXPECT_NEAR(smooth[i], expected[i], 1e-12) << i;
}

}  // namespace
}  // namespace foothold
