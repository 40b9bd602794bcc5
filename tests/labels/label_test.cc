// SPDX-License-Identifier: Apache-2.0
#include "labels/label.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "labels/equality.h"
#include "labels/label_format.h"
#include "labels/message_of.h"
#include "labels/sample_data.h"
#include "labels/temporary_folder.h"

namespace foothold::labels {
namespace {

TEST(Label, RoundTrips) {
  const TemporaryFolder folder;
  const Label label = SampleLabel();
  ASSERT_TRUE(WriteLabel(label, folder / "walk.h5"));
  ExpectSameLabel(ReadLabel(folder / "walk.h5"), label);
}

TEST(Label, RoundTripsAgreementWithAStudent) {
  const TemporaryFolder folder;
  const Label label = SampleLabelFromStudent();
  ASSERT_TRUE(WriteLabel(label, folder / "walk.h5"));
  ExpectSameLabel(ReadLabel(folder / "walk.h5"), label);
}

TEST(Label, RoundTripsTheBareMinimum) {
  const TemporaryFolder folder;
  Label label = SampleLabel();
  label.kind = "truth";
  label.reconstruction.people.clear();
  label.reconstruction.points.clear();
  label.reconstruction.keyframes.clear();
  label.reconstruction.flags.clear();
  label.summary = SolverSummary();
  label.quality = Quality();
  label.provenance = Provenance();
  ASSERT_TRUE(WriteLabel(label, folder / "walk.h5"));
  ExpectSameLabel(ReadLabel(folder / "walk.h5"), label);
}

TEST(Label, RoundTripsOptionalArraysLeftOut) {
  const TemporaryFolder folder;
  Label label = SampleLabel();
  label.reconstruction.people[1].box_px.clear();
  label.reconstruction.people[0].foot_contact.clear();
  ASSERT_TRUE(WriteLabel(label, folder / "walk.h5"));
  ExpectSameLabel(ReadLabel(folder / "walk.h5"), label);
}

TEST(Label, EqualLabelsGiveEqualBytes) {
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteLabel(SampleLabel(), folder / "a.h5"));
  ASSERT_TRUE(WriteLabel(SampleLabel(), folder / "b.h5"));
  ASSERT_TRUE(WriteLabel(ReadLabel(folder / "a.h5"), folder / "c.h5"));
  const std::string bytes = ReadBytes(folder / "a.h5");
  EXPECT_EQ(bytes, ReadBytes(folder / "b.h5"));
  EXPECT_EQ(bytes, ReadBytes(folder / "c.h5"));
  Label other = SampleLabel();
  other.reconstruction.world_from_cam[2].translation[1] += 1e-15;
  ASSERT_TRUE(WriteLabel(other, folder / "d.h5"));
  EXPECT_NE(bytes, ReadBytes(folder / "d.h5"));
}

TEST(Label, RoundsDepthToFloat16) {
  const TemporaryFolder folder;
  Label label = SampleLabel();
  KeyframeDepth& keyframe = label.reconstruction.keyframes[0];
  keyframe.depth_m.At(0, 0) = 3.14159f;
  keyframe.confidence.At(0, 0) = 0.7f;
  keyframe.depth_m.At(1, 0) = 1e6f;  // Beyond float16: unknown.
  keyframe.confidence.At(1, 0) = 0.7f;
  keyframe.depth_m.At(2, 0) = 1e-9f;  // Rounds to 0: unknown.
  keyframe.confidence.At(2, 0) = 0.7f;
  WriteLabel(label, folder / "walk.h5");
  const KeyframeDepth read = ReadLabel(folder / "walk.h5").reconstruction.keyframes[0];
  EXPECT_NEAR(read.depth_m.At(0, 0), 3.14159f, 3.14159f / 2048);
  EXPECT_NEAR(read.confidence.At(0, 0), 0.7f, 0.7f / 2048);
  for (int x : {1, 2}) {
    EXPECT_EQ(read.depth_m.At(x, 0), 0);
    EXPECT_EQ(read.confidence.At(x, 0), 0);
  }
}

TEST(Label, LeavesAnExistingFileAlone) {
  const TemporaryFolder folder;
  WriteBytes(folder / "walk.h5", "mine");
  EXPECT_FALSE(WriteLabel(SampleLabel(), folder / "walk.h5"));
  EXPECT_EQ(ReadBytes(folder / "walk.h5"), "mine");
}

TEST(Label, RefusesToWriteBrokenLabels) {
  const TemporaryFolder folder;
  Label label = SampleLabel();
  label.reconstruction.people[0].joints_in_world.clear();
  EXPECT_NE(MessageOf([&] { WriteLabel(label, folder / "walk.h5"); }).find("joints_in_world_m"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "walk.h5"));
}

TEST(Label, ReportsStorageErrors) {
  try {
    WriteLabel(SampleLabel(), "/nonexistent/folder/walk.h5");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
  }
}

// The limit of file size fails a write as a full disk does.
TEST(Label, LeavesNothingBehindOnAFullDisk) {
  const TemporaryFolder folder;
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 10'000;
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  ErrorKind kind = ErrorKind::kContract;
  try {
    WriteLabel(SampleLabel(), folder / "walk.h5");
  } catch (const Error& error) {
    kind = error.kind();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(kind, ErrorKind::kStorage);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Label, FillJointsPosesTheModel) {
  BodyModel model;
  model.parents.fill(0);
  model.parents[0] = -1;
  for (int k = 0; k < kNumJoints; ++k) {
    model.joint_template_m[k] = {0.1 * k, 1, 0};
    model.joint_dirs_m[k].fill({0, 0, 0});
  }
  Reconstruction reconstruction = SampleLabel().reconstruction;
  BodyPose& pose = reconstruction.people[1].body_in_world[1];
  pose = BodyPose();
  pose.translation_m = {5, 6, 7};
  FillJoints(model, &reconstruction);
  ASSERT_EQ(reconstruction.people[1].joints_in_world.size(), 2u);
  const Vec3d head = reconstruction.people[1].joints_in_world[1][kHead];
  EXPECT_NEAR(head[0], 5 + 0.1 * 15, 1e-12);
  EXPECT_NEAR(head[1], 7, 1e-12);
  EXPECT_NEAR(head[2], 7, 1e-12);
}

}  // namespace
}  // namespace foothold::labels
