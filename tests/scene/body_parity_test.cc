// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "foothold/scene/body.h"
#include "labels/body_file.h"
#include "support/parity_file.h"

namespace foothold {
namespace {

Mat3d MatrixAt(const std::vector<double>& values, size_t index) {
  Mat3d m;
  for (size_t e = 0; e < 9; ++e) m.data[e] = values[9 * index + e];
  return m;
}

// Posed joints of every track of one problem at its initial parameters.
class BodyParity : public testing::TestWithParam<const char*> {};

TEST_P(BodyParity, InitialJoints) {
  FOOTHOLD_REQUIRE_PARITY(GetParam());
  const ParityFile file(GetParam());
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  for (const std::string& track : file.Names("tracks")) {
    const std::string in = "tracks/" + track + "/";
    const int num_frames = file.Side(in + "root_quaternion", 0);
    const std::vector<double> roots = file.Doubles(in + "root_quaternion");
    const std::vector<double> rotations = file.Doubles(in + "body_rotation");
    const std::vector<double> translations = file.Doubles(in + "translation");
    const std::vector<double> betas = file.Doubles(in + "betas");
    BodyShape shape;
    std::copy(betas.begin(), betas.end(), shape.begin());
    std::vector<double> joints;
    for (int t = 0; t < num_frames; ++t) {
      const size_t f = static_cast<size_t>(t);
      BodyPose pose;
      pose.root = Normalized(Quatd{roots[4 * f], roots[4 * f + 1], roots[4 * f + 2], roots[4 * f + 3]});
      pose.translation_m = {translations[3 * f], translations[3 * f + 1], translations[3 * f + 2]};
      for (size_t k = 0; k < pose.joints.size(); ++k) {
        pose.joints[k] = QuaternionFromMatrix(MatrixAt(rotations, f * pose.joints.size() + k));
      }
      for (const Vec3d& joint : PoseSkeleton(model, shape, pose).joints_m) {
        joints.insert(joints.end(), joint.data, joint.data + 3);
      }
    }
    EXPECT_TRUE(MatchesParity(file, "expected/init/tracks/" + track + "/joints", joints));
  }
}

INSTANTIATE_TEST_SUITE_P(Problems,
                         BodyParity,
                         testing::Values("joint_small.h5", "joint_two_people.h5", "joint_chunk.h5"),
                         [](const testing::TestParamInfo<const char*>& param) {
                           const std::string name = param.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace foothold
