// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/scene/body.h"
#include "labels/body_file.h"
#include "support/parity_geometry.h"

namespace foothold {
namespace {

std::vector<double> InitialJoints(const ParityFile& file, const std::string& track, const BodyModel& model) {
  const std::string in = "tracks/" + track + "/";
  const int num_frames = file.Side(in + "root_quaternion", 0);
  const std::vector<double> roots = file.Doubles(in + "root_quaternion");
  const std::vector<double> rotations = file.Doubles(in + "body_rotation");
  const std::vector<Vec3d> translations = ReadVectors(file, in + "translation");
  const std::vector<double> betas = file.Doubles(in + "betas");
  BodyShape shape{};
  std::copy_n(betas.begin(), kNumShape, shape.begin());
  std::vector<double> joints;
  for (size_t t = 0; t < static_cast<size_t>(num_frames); ++t) {
    BodyPose pose;
    pose.root = Normalized(Quatd{roots[4 * t], roots[4 * t + 1], roots[4 * t + 2], roots[4 * t + 3]});
    pose.translation_m = translations[t];
    for (size_t k = 0; k < pose.joints.size(); ++k) {
      pose.joints[k] = QuaternionFromMatrix(MatrixAt(rotations, t * pose.joints.size() + k));
    }
    for (const Vec3d& joint : PoseSkeleton(model, shape, pose).joints_m) Append(&joints, joint);
  }
  return joints;
}

// Posed joints of every track of every problem at its initial parameters.
TEST(BodyParity, InitialJoints) {
  const std::vector<std::string> names = ParityFilesLike("joint_");
  if (names.empty()) {
    GTEST_SKIP() << "PARITY NOT CHECKED: no " << ParityPath("joint_*.h5")
                 << "; set FOOTHOLD_PARITY_DIR to the folder of reference values";
  }
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const ParityFile file(name);
    for (const std::string& track : file.Names("tracks")) {
      EXPECT_TRUE(MatchesParity(
          file, "expected/init/tracks/" + track + "/joints", InitialJoints(file, track, model)));
    }
  }
}

}  // namespace
}  // namespace foothold
