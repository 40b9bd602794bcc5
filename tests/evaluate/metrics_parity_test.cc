// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "foothold/evaluate/alignment.h"
#include "foothold/evaluate/camera_metrics.h"
#include "foothold/evaluate/contact_metrics.h"
#include "foothold/evaluate/human_metrics.h"
#include "foothold/evaluate/scene_metrics.h"
#include "foothold/scene/voxel_grid.h"
#include "support/parity_geometry.h"

namespace foothold {
namespace {

constexpr const char* kFile = "metrics.h5";

PointSequence ReadSequence(const ParityFile& file, const std::string& path) {
  return {file.Side(path, 1), ReadVectors(file, path)};
}

void ExpectAlignment(const ParityFile& file, const std::string& group, const Similarity3d& alignment) {
  std::vector<double> rotation, translation;
  Append(&rotation, alignment.rotation);
  Append(&translation, alignment.translation);
  EXPECT_TRUE(MatchesParity(file, group + "/rotation", rotation));
  EXPECT_TRUE(MatchesParity(file, group + "/translation", translation));
  EXPECT_TRUE(MatchesParity(file, group + "/scale", std::vector<double>{alignment.scale}));
}

TEST(MetricsParity, Human) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  for (const std::string& name : file.Names("human")) {
    SCOPED_TRACE(name);
    const std::string in = "human/" + name + "/";
    const double rate = file.Attribute("human/" + name, "fps");
    const PointSequence joints_cam = ReadSequence(file, in + "pred_joints_camera");
    const PointSequence true_joints_cam = ReadSequence(file, in + "gt_joints_camera");
    const PointSequence joints = ReadSequence(file, in + "pred_joints_world");
    const PointSequence true_joints = ReadSequence(file, in + "gt_joints_world");
    const std::vector<Vec3d> roots = ReadVectors(file, in + "pred_root_world");
    const std::vector<Vec3d> true_roots = ReadVectors(file, in + "gt_root_world");

    EXPECT_TRUE(MatchesParity(file, in + "mpjpe", Mpjpe_mm(joints_cam, true_joints_cam)));
    EXPECT_TRUE(MatchesParity(file, in + "pa_mpjpe", PaMpjpe_mm(joints_cam, true_joints_cam)));
    EXPECT_TRUE(MatchesParity(file,
                              in + "pve",
                              CentredErrors_mm(ReadSequence(file, in + "pred_vertices_camera"),
                                               ReadSequence(file, in + "gt_vertices_camera"),
                                               joints_cam,
                                               true_joints_cam)));
    EXPECT_TRUE(MatchesParity(file, in + "w_mpjpe", WorldMpjpe_mm(joints, true_joints, 2)));
    EXPECT_TRUE(MatchesParity(file, in + "wa_mpjpe", WorldMpjpe_mm(joints, true_joints, 0)));
    const auto rte = RootTranslationErrors_percent(roots, true_roots);
    if (rte.has_value()) {
      EXPECT_TRUE(MatchesParity(file, in + "rte", *rte));
    } else if (file.Has(in + "rte")) {  // A truth that never moves has no number here.
      for (const double value : file.Doubles(in + "rte")) EXPECT_FALSE(std::isfinite(value));
    }
    // Sequences too short for a derivative have no dataset of it.
    const std::vector<double> accel = AccelerationErrors(
        PelvisCentred(joints_cam, joints_cam), PelvisCentred(true_joints_cam, true_joints_cam), rate);
    const std::vector<double> jitter = Jitter(joints, rate);
    EXPECT_EQ(accel.empty(), !file.Has(in + "accel"));
    EXPECT_EQ(jitter.empty(), !file.Has(in + "jitter"));
    if (!accel.empty()) {
      EXPECT_TRUE(MatchesParity(file, in + "accel", accel));
      EXPECT_TRUE(MatchesParity(file, in + "accel_global", AccelerationErrors(joints, true_joints, rate)));
    }
    if (!jitter.empty()) {
      EXPECT_TRUE(MatchesParity(file, in + "jitter", jitter));
    }

    const FootSliding sliding = MeasureFootSliding(ReadSequence(file, in + "pred_foot_world"),
                                                   ReadSequence(file, in + "gt_foot_world"));
    EXPECT_TRUE(MatchesParity(
        file, in + "foot_contact", std::vector<int>(sliding.contact.begin(), sliding.contact.end())));
    EXPECT_TRUE(MatchesParity(file, in + "foot_sliding", sliding.sliding_mm));

    ExpectAlignment(file, in + "umeyama", AlignSimilarity(joints.points_m, true_joints.points_m));
    ExpectAlignment(file, in + "rigid_root", AlignRigid(roots, true_roots));
  }
}

// The trajectory's size sets the rounding of the reference here (it works in float32 and states no
// error of its own): 16 units in the last place of the largest coordinate.
void ExpectStatistics(const ParityFile& file,
                      const std::string& group,
                      const std::vector<double>& errors,
                      const std::vector<Rigid3d>& cameras) {
  double extent = 0;
  for (const Rigid3d& pose : cameras) extent = std::max(extent, Norm(pose.translation));
  const ErrorStatistics statistics = Summarize(errors);
  const auto expect = [&](const std::string& name, double value) {
    const double tolerance = std::max(file.Tolerance(group + name), 16 * 0x1p-24 * extent);
    EXPECT_NEAR(value, file.Double(group + name), tolerance) << group + name;
  };
  expect("/mean", statistics.mean);
  expect("/median", statistics.median);
  expect("/rmse", statistics.rmse);
  expect("/max", statistics.max);
}

TEST(MetricsParity, Cameras) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  for (const std::string& name : file.Names("camera")) {
    const std::string in = "camera/" + name + "/";
    const std::vector<Rigid3d> predicted = ReadRigids(file, in + "pred_cam2w");
    std::vector<Rigid3d> truth = ReadRigids(file, in + "gt_world2cam");
    for (Rigid3d& pose : truth) pose = Inverse(pose);
    ExpectStatistics(file, in + "ate_w2c", ReleasedTrajectoryErrors_m(predicted, truth), predicted);
    ExpectStatistics(file, in + "ate_c2w", TrajectoryErrors_m(predicted, truth, false), predicted);
    ExpectStatistics(file, in + "ate_c2w_scaled", TrajectoryErrors_m(predicted, truth, true), predicted);
  }
}

void ExpectCloudErrors(const ParityFile& file, const std::string& group, const CloudErrors& errors) {
  const auto expect = [&](const std::string& name, double value) {
    EXPECT_TRUE(MatchesParity(file, group + "/" + name, std::vector<double>{value}));
  };
  expect("accuracy", errors.accuracy_m);
  expect("completeness", errors.completeness_m);
  expect("chamfer_dist", errors.chamfer_m);
  expect("accuracy_pct", errors.accuracy_percent);
  expect("completeness_pct", errors.completeness_percent);
}

TEST(MetricsParity, Clouds) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const std::vector<Vec3d> predicted = AssignVoxels(ReadVectors(file, "scene/clouds/pred"), 0.3).centroids;
  const std::vector<Vec3d> truth = AssignVoxels(ReadVectors(file, "scene/clouds/gt"), 0.3).centroids;
  EXPECT_TRUE(MatchesParity(file, "scene/clouds/pred_down", Flatten(predicted)));
  EXPECT_TRUE(MatchesParity(file, "scene/clouds/gt_down", Flatten(truth)));
  ExpectCloudErrors(file, "scene/clouds/metrics", CompareClouds(predicted, truth, 1000));
  ExpectCloudErrors(file, "scene/clouds/metrics_cut_025", CompareClouds(predicted, truth, 0.25));
}

ImageF ReadImage(const ParityFile& file, const std::string& path, size_t index = 0) {
  const std::vector<size_t> shape = file.Shape(path);
  const std::vector<float> values = file.Floats(path);
  ImageF image(static_cast<int>(shape[shape.size() - 1]), static_cast<int>(shape[shape.size() - 2]));
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(index * image.data.size()),
              image.data.size(),
              image.data.begin());
  return image;
}

void ExpectDepthErrors(const ParityFile& file, const std::string& prefix, const DepthErrors& errors) {
  const auto expect = [&](const std::string& name, double value) {
    EXPECT_TRUE(MatchesParity(file, prefix + name, std::vector<double>{value}));
  };
  expect("abs_rel", errors.abs_rel);
  expect("rmse", errors.rmse_m);
  expect("log_rmse", errors.log_rmse);
  expect("si_log_rmse", errors.si_log_rmse);
  expect("delta_1", errors.delta_1);
  expect("delta_2", errors.delta_2);
  expect("delta_3", errors.delta_3);
}

TEST(MetricsParity, Depth) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  ExpectDepthErrors(file,
                    "scene/depth/metrics/",
                    CompareDepth(ReadImage(file, "scene/depth/pred"), ReadImage(file, "scene/depth/gt")));
}

ContactScene ReadContactScene(const ParityFile& file) {
  ContactScene scene;
  const std::vector<double> k = file.Doubles("scene/contact/K");
  scene.pinhole = {k[0], k[2], k[5]};
  scene.world_from_cam = ReadRigids(file, "scene/contact/cam2w");
  const std::vector<int> frames = file.Ints("scene/contact/keyframes");
  for (size_t i = 0; i < frames.size(); ++i) {
    KeyframeDepth keyframe;
    keyframe.frame = frames[i];
    keyframe.depth_m = ReadImage(file, "scene/contact/depth", i);
    keyframe.confidence = ReadImage(file, "scene/contact/conf", i);
    scene.keyframes.push_back(std::move(keyframe));
  }
  return scene;
}

TEST(MetricsParity, FloatingFeetAndCollisions) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const ContactScene scene = ReadContactScene(file);
  const std::vector<int> frames = file.Ints("scene/contact/frames");
  const std::vector<Vec3d> foot_points = ReadVectors(file, "scene/contact/foot_vertices");
  std::vector<std::array<Vec3d, 4>> feet(frames.size());
  for (size_t i = 0; i < feet.size(); ++i) std::copy_n(&foot_points[4 * i], 4, feet[i].begin());
  const FootFloating floating = MeasureFootFloating(scene, frames, feet);
  EXPECT_TRUE(MatchesParity(file, "scene/contact/foot_distance", floating.distance_m));
  EXPECT_TRUE(MatchesParity(file, "scene/contact/ffr", std::vector<double>{floating.Rate()}));

  // vertex = R (template - j) + j + t, j the mean of the template.
  const std::vector<Vec3d> mesh = ReadVectors(file, "scene/contact/mesh_template");
  Vec3d pivot = Vec3d::Zero();
  for (const Vec3d& vertex : mesh) pivot = pivot + vertex / static_cast<double>(mesh.size());
  const std::vector<Quatd> rotations = ReadRotations(file, "scene/contact/root_rotation");
  const std::vector<Vec3d> translations = ReadVectors(file, "scene/contact/root_translation");
  const auto vertices_of = [&](size_t i) {
    std::vector<Vec3d> vertices;
    for (const Vec3d& vertex : mesh) {
      vertices.push_back(Rotate(rotations[i], vertex - pivot) + pivot + translations[i]);
    }
    return vertices;
  };
  const std::vector<int> indices = file.Ints("scene/contact/mesh_faces");
  std::vector<std::array<int32_t, 3>> faces(indices.size() / 3);
  for (size_t f = 0; f < faces.size(); ++f) std::copy_n(&indices[3 * f], 3, faces[f].begin());
  const Collisions collisions = MeasureCollisions(scene, frames, vertices_of, faces);
  EXPECT_TRUE(MatchesParity(file, "scene/contact/inside_frame", collisions.frames));
  EXPECT_TRUE(MatchesParity(file, "scene/contact/inside_count", collisions.inside));
  for (int x = 4; x <= 10; ++x) {
    EXPECT_TRUE(MatchesParity(
        file, "scene/contact/cr_" + std::to_string(x), std::vector<double>{collisions.Rate(x)}));
  }
}

LidarCamera ReadLidarCamera(const ParityFile& file) {
  const std::vector<double> c = file.Doubles("scene/sloper/camera");
  return {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]};
}

// The lidar map as ground truth of the toy sequence: culled to the view, compared after aligning the
// first cameras.
TEST(MetricsParity, LidarMap) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const ContactScene scene = ReadContactScene(file);
  const std::vector<Rigid3d> cam_from_world = ReadRigids(file, "scene/sloper/gt_world2cam");
  const std::vector<Vec3d> map = AssignVoxels(ReadVectors(file, "scene/sloper/lidar"), 0.3).centroids;
  EXPECT_TRUE(MatchesParity(file, "scene/sloper/lidar_down", Flatten(map)));
  const std::vector<uint8_t> visible =
      VisibleInAnyFrame(map, cam_from_world, ReadLidarCamera(file), 512, 288);
  EXPECT_TRUE(
      MatchesParity(file, "scene/sloper/lidar_visible", std::vector<int>(visible.begin(), visible.end())));

  std::vector<Vec3d> truth;
  for (size_t i = 0; i < map.size(); ++i) {
    if (visible[i] != 0) truth.push_back(map[i]);
  }
  const Rigid3d truth_from_predicted = Inverse(cam_from_world[0]) * Inverse(scene.world_from_cam[0]);
  std::vector<Vec3d> points = ScenePointsOf(scene, 0, static_cast<int>(scene.world_from_cam.size()), 1);
  for (Vec3d& point : points) point = truth_from_predicted * point;
  ExpectCloudErrors(
      file, "scene/sloper/metrics", CompareClouds(AssignVoxels(points, 0.3).centroids, truth, 1000));
}

TEST(MetricsParity, LidarDepth) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const ContactScene scene = ReadContactScene(file);
  const std::vector<Rigid3d> cam_from_world = ReadRigids(file, "scene/sloper/gt_world2cam");
  const LidarCamera camera = ReadLidarCamera(file);
  DepthErrors mean;
  const std::vector<int> scan_frames = file.Ints("scene/sloper/scan_frames");
  for (const int frame : scan_frames) {
    const std::string scan = "scene/sloper/scan_" + std::to_string(frame);
    const auto keyframe = std::find_if(scene.keyframes.begin(),
                                       scene.keyframes.end(),
                                       [frame](const KeyframeDepth& k) { return k.frame == frame; });
    ASSERT_NE(keyframe, scene.keyframes.end());
    const ImageF& predicted = keyframe->depth_m;
    const ImageF depth = SplatLidar(ReadVectors(file, scan + "/points"),
                                    cam_from_world[frame],
                                    camera,
                                    predicted.width,
                                    predicted.height);
    EXPECT_TRUE(
        MatchesParity(file, scan + "/depth", std::vector<double>(depth.data.begin(), depth.data.end())));
    const DepthErrors errors = CompareDepth(predicted, depth);
    const double share = 1.0 / static_cast<double>(scan_frames.size());
    mean.abs_rel += share * errors.abs_rel;
    mean.rmse_m += share * errors.rmse_m;
    mean.log_rmse += share * errors.log_rmse;
    mean.si_log_rmse += share * errors.si_log_rmse;
    mean.delta_1 += share * errors.delta_1;
    mean.delta_2 += share * errors.delta_2;
    mean.delta_3 += share * errors.delta_3;
  }
  ExpectDepthErrors(file, "scene/sloper/metrics/depth_", mean);
}

}  // namespace
}  // namespace foothold
