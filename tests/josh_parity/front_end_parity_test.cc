// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/geometry/robust_kernel.h"
#include "foothold/geometry/rotation_forms.h"
#include "foothold/josh/cleaning.h"
#include "foothold/josh/interpolation.h"
#include "foothold/josh/pair_graph.h"
#include "foothold/josh/pose_tree.h"
#include "foothold/josh/schedule.h"
#include "support/parity_geometry.h"

namespace foothold {
namespace {

constexpr const char* kFile = "frontend.h5";

TEST(FrontEndParity, Kernel) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const std::vector<double> x = file.Doubles("kernel/x");
  for (const std::string& name : file.Names("kernel")) {
    if (name.rfind("rho_", 0) != 0) continue;
    const double gamma = file.Attribute("kernel/" + name, "gamma");
    const auto kernel = RobustKernel<double>::FromGamma(gamma);
    EXPECT_NEAR(kernel.offset, file.Attribute("kernel/" + name, "offset"), 1e-15);
    std::vector<double> value, slope;
    for (const double r : x) {
      value.push_back(kernel.Value(r));
      slope.push_back(kernel.Slope(r));
    }
    EXPECT_TRUE(MatchesParity(file, "kernel/" + name, value));
    EXPECT_TRUE(MatchesParity(file, "kernel/slope_" + name.substr(4), slope));
  }
}

TEST(FrontEndParity, Rotations) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const std::vector<double> matrices = file.Doubles("rotations/matrices");
  std::vector<double> six, quaternions, expected = file.Doubles("rotations/quaternions");
  for (size_t i = 0; i < matrices.size() / 9; ++i) {
    const Mat3d matrix = MatrixAt(matrices, i);
    Append(&six, SixNumbersFromMatrix(matrix));
    // The sign of a quaternion is a convention.
    const Quatd q = QuaternionFromMatrix(matrix);
    const Quatd reference{expected[4 * i], expected[4 * i + 1], expected[4 * i + 2], expected[4 * i + 3]};
    const double sign = Dot(q, reference) < 0 ? -1 : 1;
    for (const double number : {q.w, q.x, q.y, q.z}) quaternions.push_back(sign * number);
    EXPECT_GE(q.w, 0);
  }
  EXPECT_TRUE(MatchesParity(file, "rotations/sixd", six));
  EXPECT_TRUE(MatchesParity(file, "rotations/quaternions", quaternions));

  std::vector<double> from_axis_angle;
  for (const Vec3d& axis_angle : ReadVectors(file, "rotations/axis_angle")) {
    const Mat3d matrix = MatrixFromAxisAngle(axis_angle);
    Append(&from_axis_angle, matrix);
    const Mat3d again = MatrixFromAxisAngle(AxisAngleFromMatrix(matrix));
    for (int e = 0; e < 9; ++e) EXPECT_NEAR(again.data[e], matrix.data[e], 1e-12);
  }
  EXPECT_TRUE(MatchesParity(file, "rotations/from_axis_angle", from_axis_angle));

  std::vector<double> from_six;
  const std::vector<double> raw = file.Doubles("rotations/raw_sixd");
  for (size_t i = 0; i < raw.size() / 6; ++i) {
    Vec<double, 6> numbers;
    std::copy_n(&raw[6 * i], 6, numbers.data);
    Append(&from_six, MatrixFromSixNumbers(numbers));
  }
  EXPECT_TRUE(MatchesParity(file, "rotations/from_raw_sixd", from_six));
}

TEST(FrontEndParity, Schedule) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  int checked = 0;
  for (const std::string& name : file.Names("schedule")) {
    if (name[0] != 'F') continue;
    const std::string group = "schedule/" + name + "/";
    const int num_frames = std::stoi(name.substr(1));
    std::vector<int> chunks, keyframes, counts, starts;
    for (const Chunk& chunk : MakeChunks(num_frames, ScheduleOptions())) {
      chunks.insert(chunks.end(), {chunk.first_frame, chunk.num_frames});
      counts.push_back(static_cast<int>(chunk.keyframes.size()));
      keyframes.insert(keyframes.end(), chunk.keyframes.begin(), chunk.keyframes.end());
      if (num_frames > 100) starts.push_back(chunk.first_frame);
    }
    EXPECT_TRUE(MatchesParity(file, group + "chunks", chunks));
    EXPECT_TRUE(MatchesParity(file, group + "keyframe_count", counts));
    EXPECT_TRUE(MatchesParity(file, group + "keyframes", keyframes));
    EXPECT_TRUE(MatchesParity(file, group + "launcher_starts", starts));
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

// Names such as F23_start2_interval10_max5.
TEST(FrontEndParity, ScheduleWithOtherOptions) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  if (!file.Has("schedule/other")) GTEST_SKIP() << "the file has no schedule/other";
  for (const std::string& name : file.Names("schedule/other")) {
    int num_frames = 0, start = 0;
    ScheduleOptions options;
    ASSERT_EQ(std::sscanf(name.c_str(),
                          "F%d_start%d_interval%d_max%d",
                          &num_frames,
                          &start,
                          &options.interval,
                          &options.max_keyframes),
              4)
        << name;
    const int length = ChunkLength(num_frames, start, options);
    EXPECT_EQ(length, file.Int("schedule/other/" + name + "/frames")) << name;
    EXPECT_TRUE(MatchesParity(
        file, "schedule/other/" + name + "/keyframes", ChooseKeyframes(length, options.interval)));
  }
}

// Names such as window10_N21.
TEST(FrontEndParity, WindowGraph) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  for (const std::string& name : file.Names("graph")) {
    int window = 0, num_images = 0;
    ASSERT_EQ(std::sscanf(name.c_str(), "window%d_N%d", &window, &num_images), 2) << name;
    std::vector<int> pairs;
    for (const auto& [i, j] : WindowPairs(num_images, window)) pairs.insert(pairs.end(), {i, j});
    EXPECT_TRUE(MatchesParity(file, "graph/" + name, pairs));
  }
}

TEST(FrontEndParity, PoseTree) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  for (const std::string& name : file.Names("tree")) {
    const std::string group = "tree/" + name + "/";
    const PoseTree tree = BuildPoseTree(file.Doubles(group + "scores"), file.Side(group + "scores", 0));
    std::vector<int> edges;
    std::vector<std::pair<int, int>> sorted;
    for (const auto& [parent, child] : tree.edges) {
      edges.insert(edges.end(), {parent, child});
      sorted.push_back(std::minmax(parent, child));
    }
    std::sort(sorted.begin(), sorted.end());
    std::vector<int> edge_set;
    for (const auto& [a, b] : sorted) edge_set.insert(edge_set.end(), {a, b});
    EXPECT_TRUE(MatchesParity(file, group + "root", std::vector<int>{tree.root}));
    EXPECT_TRUE(MatchesParity(file, group + "edges", edges));
    EXPECT_TRUE(MatchesParity(file, group + "edge_set", edge_set));
    EXPECT_TRUE(MatchesParity(file, group + "total", std::vector<double>{tree.total_score}));
  }
}

TEST(FrontEndParity, CameraInterpolation) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  int checked = 0;
  for (const std::string& name : file.Names("interpolation")) {
    const std::string group = "interpolation/" + name + "/";
    if (!file.Has(group + "poses")) continue;
    const std::vector<Rigid3d> out = InterpolatePoses(
        file.Ints(group + "times"), ReadRigids(file, group + "poses"), file.Ints(group + "query"));
    EXPECT_TRUE(MatchesParity(file, group + "out", Flatten(out)));
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(FrontEndParity, JointInterpolation) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  int checked = 0;
  for (const std::string& name : file.Names("interpolation")) {
    const std::string group = "interpolation/" + name + "/";
    if (!file.Has(group + "rotations")) continue;
    const std::vector<int> times = file.Ints(group + "times"), query = file.Ints(group + "query");
    const std::vector<double> matrices = file.Doubles(group + "rotations");
    const size_t num_joints = file.Shape(group + "rotations")[1];
    std::vector<double> actual(query.size() * num_joints * 9);
    for (size_t k = 0; k < num_joints; ++k) {
      std::vector<Quatd> keys;
      for (size_t t = 0; t < times.size(); ++t) {
        keys.push_back(NearestRotation(MatrixAt(matrices, t * num_joints + k)));
      }
      const std::vector<Quatd> out = InterpolateRotations(times, keys, query);
      for (size_t q = 0; q < out.size(); ++q) {
        const Mat3d matrix = MatrixFromQuaternion(out[q]);
        std::copy_n(matrix.data, 9, &actual[9 * (q * num_joints + k)]);
      }
    }
    EXPECT_TRUE(MatchesParity(file, group + "out", actual));
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

std::vector<BodyPose> ReadBodies(const ParityFile& file,
                                 const std::string& rotations,
                                 const std::string& trans) {
  const std::vector<Quatd> all = ReadRotations(file, rotations);
  const std::vector<Vec3d> translations = ReadVectors(file, trans);
  std::vector<BodyPose> bodies;
  for (size_t t = 0; t < translations.size(); ++t) {
    BodyPose body;
    body.root = all[kNumJoints * t];
    std::copy_n(&all[kNumJoints * t + 1], kNumJoints - 1, body.joints.begin());
    body.translation_m = translations[t];
    bodies.push_back(body);
  }
  return bodies;
}

TEST(FrontEndParity, Corrections) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const std::string group = "interpolation/corrections/";
  const std::vector<BodyPose> out =
      InterpolateCorrections(file.Ints(group + "times"),
                             ReadBodies(file, group + "optimised_rotations", group + "optimised_trans"),
                             file.Ints(group + "query"),
                             ReadBodies(file, group + "raw_rotations", group + "raw_trans"));
  std::vector<double> rotations, translations;
  for (const BodyPose& body : out) {
    Append(&rotations, body.root);
    for (const Quatd& joint : body.joints) Append(&rotations, joint);
    Append(&translations, body.translation_m);
  }
  EXPECT_TRUE(MatchesParity(file, group + "out_rotations", rotations));
  EXPECT_TRUE(MatchesParity(file, group + "out_trans", translations));
}

ImageF ImageAt(const ParityFile& file, const std::string& path, size_t index) {
  const std::vector<float> values = file.Floats(path);
  ImageF image(file.Side(path, 2), file.Side(path, 1));
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(index * image.data.size()),
              image.data.size(),
              image.data.begin());
  return image;
}

TEST(FrontEndParity, DensePointsAndCleaning) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const std::vector<Rigid3d> cameras = ReadRigids(file, "dense/cam2w");
  const std::vector<double> intrinsics = file.Doubles("dense/K");
  const std::vector<double> base_focals = file.Doubles("dense/base_focal");
  const std::vector<double> anchor_depths = file.Doubles("dense/anchor_depth");
  const size_t num_anchors = file.Shape("dense/anchor_depth")[1];
  std::vector<ImageF> depths, confidences;
  std::vector<Pinholed> pinholes;
  std::vector<double> depth_values, points;
  for (size_t i = 0; i < cameras.size(); ++i) {
    const double* k = &intrinsics[9 * i];
    pinholes.push_back({k[0], k[2], k[5]});
    const ImageF relative = ImageAt(file, "dense/relative_depth", i);
    const std::vector<double> anchors(&anchor_depths[num_anchors * i],
                                      &anchor_depths[num_anchors * i] + num_anchors);
    depths.push_back(DepthFromAnchors(anchors, relative, base_focals[i], k[0], 8));
    confidences.push_back(ImageAt(file, "dense/conf", i));
    const ImageF& depth = depths.back();
    depth_values.insert(depth_values.end(), depth.data.begin(), depth.data.end());
    for (int y = 0; y < depth.height; ++y) {
      for (int x = 0; x < depth.width; ++x) {
        const Vec2d pixel{static_cast<double>(x), static_cast<double>(y)};
        Append(&points, cameras[i] * (static_cast<double>(depth.At(x, y)) * Unproject(pinholes[i], pixel)));
      }
    }
  }
  EXPECT_TRUE(MatchesParity(file, "dense/depth", depth_values));
  EXPECT_TRUE(MatchesParity(file, "dense/points", points));

  std::vector<DenseView> views;
  for (size_t i = 0; i < cameras.size(); ++i) views.push_back({cameras[i], pinholes[i], &depths[i]});
  CleanConfidences(views, CleaningOptions(), &confidences);
  // Exactly the same points are dropped.
  std::vector<double> cleaned;
  for (const ImageF& image : confidences) cleaned.insert(cleaned.end(), image.data.begin(), image.data.end());
  EXPECT_EQ(cleaned, file.Doubles("dense/conf_cleaned"));
  EXPECT_NE(cleaned, file.Doubles("dense/conf"));
}

}  // namespace
}  // namespace foothold
