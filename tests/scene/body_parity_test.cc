// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "foothold/geometry/robust_kernel.h"
#include "foothold/scene/body.h"
#include "labels/body_file.h"
#include "support/parity_geometry.h"

namespace foothold {
namespace {

// Initial bodies of one track, in the camera of its keyframe.
struct Track {
  BodyShape shape{};
  std::vector<BodyPose> bodies;
  std::vector<int> keyframes;
};

Track ReadTrack(const ParityFile& file, const std::string& name) {
  const std::string in = "tracks/" + name + "/";
  const std::vector<double> roots = file.Doubles(in + "root_quaternion");
  const std::vector<double> rotations = file.Doubles(in + "body_rotation");
  const std::vector<Vec3d> translations = ReadVectors(file, in + "translation");
  const std::vector<double> betas = file.Doubles(in + "betas");
  Track track;
  track.keyframes = file.Ints(in + "frames");
  std::copy_n(betas.begin(), kNumShape, track.shape.begin());
  for (size_t t = 0; t < translations.size(); ++t) {
    BodyPose pose;
    pose.root = Normalized(Quatd{roots[4 * t], roots[4 * t + 1], roots[4 * t + 2], roots[4 * t + 3]});
    pose.translation_m = translations[t];
    for (size_t k = 0; k < pose.joints.size(); ++k) {
      pose.joints[k] = QuaternionFromMatrix(MatrixAt(rotations, t * pose.joints.size() + k));
    }
    track.bodies.push_back(pose);
  }
  return track;
}

std::vector<double> JointsOf(const Track& track, const BodyModel& model) {
  std::vector<double> joints;
  for (const BodyPose& body : track.bodies) {
    for (const Vec3d& joint : PoseSkeleton(model, track.shape, body).joints_m) Append(&joints, joint);
  }
  return joints;
}

Vec3d VertexOf(const Track& track, const BodyModel& model, int body, int vertex) {
  return PoseVertices(model, track.shape, track.bodies[body], {vertex})[0];
}

// The contact terms at the initial parameters, where sizes are 1 and the camera of keyframe i is the
// identity moved back by the distance of its pivot, m_i f / b_i: they hold single vertices to account.
double InitialScaleTerm(const ParityFile& file,
                        const std::string& name,
                        const Track& track,
                        const BodyModel& model) {
  const std::string in = "tracks/" + name + "/scale_contacts/";
  const auto kernel = RobustKernel<double>::FromGamma(1.1);
  const std::vector<int> keyframe = file.Ints(in + "frame"), anchor = file.Ints(in + "anchor");
  const std::vector<int> body = file.Ints(in + "body_frame"), vertex = file.Ints(in + "vertex");
  const std::vector<double> omega = file.Doubles(in + "omega"), confidence = file.Doubles(in + "confidence");
  const std::vector<double> core_depth = file.Doubles("frames/core_depth");
  const size_t num_anchors = file.Shape("frames/core_depth")[1];
  double sum = 0, weight = 0;
  for (size_t c = 0; c < vertex.size(); ++c) {
    const double depth = core_depth[num_anchors * keyframe[c] + anchor[c]] * omega[c];
    sum += confidence[c] * kernel.Value(std::abs(depth - VertexOf(track, model, body[c], vertex[c])[2]));
    weight += confidence[c];
  }
  return sum / weight;
}

double InitialStaticTerm(const ParityFile& file,
                         const std::string& name,
                         const Track& track,
                         const BodyModel& model) {
  const std::string in = "tracks/" + name + "/static_contacts/";
  const auto kernel = RobustKernel<double>::FromGamma(1.1);
  const std::vector<int> body = file.Ints(in + "body_frame"), before = file.Ints(in + "previous_body_frame");
  const std::vector<int> vertex = file.Ints(in + "vertex");
  const std::vector<double> median = file.Doubles("frames/median_depth"),
                            base = file.Doubles("frames/base_focal");
  const double focal = file.Attribute("/", "initial_focal");
  const auto in_world = [&](int entry, int v) {
    const int k = track.keyframes[entry];
    return VertexOf(track, model, entry, v) - Vec3d{0, 0, median[k] * focal / base[k]};
  };
  double sum = 0;
  for (size_t c = 0; c < vertex.size(); ++c) {
    sum += kernel.Value(Norm(in_world(body[c], vertex[c]) - in_world(before[c], vertex[c])));
  }
  return sum / static_cast<double>(vertex.size());
}

TEST(BodyParity, JointsAndContactVertices) {
  const std::vector<std::string> names = ParityFilesLike("joint_");
  if (names.empty()) {
    GTEST_SKIP() << "PARITY NOT CHECKED: no " << ParityPath("joint_*.h5")
                 << "; set FOOTHOLD_PARITY_DIR to the folder of reference values";
  }
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const ParityFile file(name);
    std::vector<double> scale_terms, static_terms;
    for (const std::string& name_of_track : file.Names("tracks")) {
      const Track track = ReadTrack(file, name_of_track);
      EXPECT_TRUE(
          MatchesParity(file, "expected/init/tracks/" + name_of_track + "/joints", JointsOf(track, model)));
      scale_terms.push_back(InitialScaleTerm(file, name_of_track, track, model));
      static_terms.push_back(InitialStaticTerm(file, name_of_track, track, model));
    }
    const std::vector<double> expected_scale = file.Doubles("expected/init/stage1/per_track/scale");
    const std::vector<double> expected_static = file.Doubles("expected/init/stage1/per_track/static");
    ASSERT_EQ(scale_terms.size(), expected_scale.size());
    for (size_t i = 0; i < scale_terms.size(); ++i) {
      // Rotations are stored in float32, so unit quaternions differ from them by 1e-7.
      EXPECT_NEAR(scale_terms[i], expected_scale[i], 1e-6 * expected_scale[i]);
      EXPECT_NEAR(static_terms[i], expected_static[i], 1e-6 * expected_static[i]);
    }
  }
}

}  // namespace
}  // namespace foothold
