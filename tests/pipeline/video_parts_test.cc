// SPDX-License-Identifier: Apache-2.0
// A long video, from pixels: seen in parts by whoever, joined and solved as one world.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "foothold/evaluate/evaluation.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/synthetic_dataset.h"
#include "labels/body_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// Three parts of 36 frames.
class VideoParts : public testing::Test {
 protected:
  VideoParts() {
    SyntheticDataset dataset;
    dataset.dir = folder_.File("videos");
    dataset.seed = 5;
    dataset.options.num_people = 1;
    dataset.options.num_frames = 84;
    dataset.options.width = 320;
    dataset.options.height = 240;
    dataset.options.match_stride_px = 16;
    video_ = WriteSyntheticDataset(dataset, body_, 2)[0];
    options_.run.threads = 2;
    options_.classical.people.detection_long_edge_px = 640;
    options_.video.part_frames = 36;
    options_.video.part_overlap_frames = 12;
  }

  VideoTask Task(const std::string& name) const {
    VideoTask task;
    task.path = video_;
    task.output_dir = folder_.File(name);
    task.partial_dir = folder_.File(name + "-partial");
    return task;
  }

  TemporaryFolder folder_;
  BodyModel body_ = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  LabelOptions options_;
  std::string video_;
};

TEST_F(VideoParts, SameLabelWhoeverSeesThePartsAndInWhichOrder) {
  const std::vector<ClipOutcome> alone = LabelVideo(Task("alone"), body_, options_);
  ASSERT_EQ(alone.size(), 1u);
  ASSERT_EQ(alone[0].status, ClipOutcome::Status::kDone) << alone[0].message;
  EXPECT_EQ(alone[0].num_frames, 84);
  EXPECT_FALSE(fs::exists(Task("alone").partial_dir));
  const labels::Label label = labels::ReadLabel(alone[0].label_path);
  EXPECT_NE(label.provenance.perception.find(", 3 parts"), std::string::npos);

  // Units of other borders than the parts, the last first, one of them twice.
  for (const FrameRange& unit :
       {FrameRange{40, -1}, FrameRange{0, 20}, FrameRange{20, 40}, FrameRange{0, 20}}) {
    for (const ClipOutcome& outcome : ObservePart(Task("shared"), unit, body_, options_)) {
      EXPECT_NE(outcome.status, ClipOutcome::Status::kFailed) << outcome.message;
    }
  }
  VideoTask join = Task("shared");
  join.only_seen_parts = true;
  const std::vector<ClipOutcome> joined = LabelVideo(join, body_, options_);
  ASSERT_EQ(joined.size(), 1u);
  EXPECT_EQ(ReadFile(joined[0].label_path), ReadFile(alone[0].label_path));
  EXPECT_FALSE(fs::exists(join.partial_dir));
  EXPECT_EQ(LabelVideo(join, body_, options_).at(0).status, ClipOutcome::Status::kAlreadyDone);
}

// Nearly the world that the whole clip gives at once. Measured: camera 8 mm (mean) apart over a walk of some
// metres, scale 0.5 %, focal length 0.2 %, joints in the camera 17 mm.
TEST_F(VideoParts, NearlyTheWorldOfTheWholeClip) {
  if (std::getenv("FOOTHOLD_TEST_ALL") == nullptr) GTEST_SKIP() << "SKIPPED: set FOOTHOLD_TEST_ALL=1 for it";
  const labels::Label label = labels::ReadLabel(LabelVideo(Task("parts"), body_, options_).at(0).label_path);
  options_.video.part_frames = 1000;
  const ClipOutcome whole = LabelVideo(Task("whole"), body_, options_).at(0);
  const EvaluationReport report = EvaluateLabel(label, labels::ReadLabel(whole.label_path), body_);
  EXPECT_LT(*ValueOf(report, "ate"), 0.03);
  EXPECT_LT(*ValueOf(report, "camera_scale_error"), 2);
  EXPECT_LT(*ValueOf(report, "focal_error"), 1);
  EXPECT_LT(*ValueOf(report, "mpjpe"), 40);
  EXPECT_EQ(*ValueOf(report, "people_found"), 1);
  EXPECT_EQ(*ValueOf(report, "people_false"), 0);
}

TEST_F(VideoParts, AMissingPartLeavesALabelPerStretch) {
  VideoTask task = Task("holes");
  task.only_seen_parts = true;
  EXPECT_EQ(LabelVideo(task, body_, options_).at(0).reason, "parts_missing");
  ObservePart(task, {0, 20}, body_, options_);
  ObservePart(task, {40, -1}, body_, options_);
  const std::vector<ClipOutcome> stretches = LabelVideo(task, body_, options_);
  ASSERT_EQ(stretches.size(), 2u);
  int frames = 0;
  for (const ClipOutcome& stretch : stretches) {
    EXPECT_EQ(stretch.status, ClipOutcome::Status::kDone) << stretch.message;
    EXPECT_EQ(std::count(stretch.flags.begin(), stretch.flags.end(), "parts_missing"), 1);
    frames += stretch.num_frames;
  }
  EXPECT_NEAR(frames, 72, 5);
  // Once the missing part is seen, there is one label for all.
  ObservePart(task, {20, 40}, body_, options_);
  const std::vector<ClipOutcome> whole = LabelVideo(task, body_, options_);
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0].num_frames, 84);
  EXPECT_EQ(whole[0].status, ClipOutcome::Status::kDone) << whole[0].message;
}

}  // namespace
}  // namespace foothold
