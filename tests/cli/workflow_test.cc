// SPDX-License-Identifier: Apache-2.0
// The whole path of the tool on one small synthetic clip: synth, label, validate, inspect, report,
// evaluate; then what happens when the disk does not play along.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/run_tool.h"
#include "foothold/base/atomic_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
constexpr int kOk = 0, kUsage = 2, kBadInput = 3, kStorage = 6;

std::string WithSuffix(const std::string& folder, const std::string& suffix) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().string().ends_with(suffix)) return entry.path().string();
  }
  return "";
}

// One clip and its label, made once for all tests of this file.
class Workflow : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    const ToolResult synth = RunTool(
        "synth clips --clips 1 --seed 3 --synthetic.num_frames 24 --synthetic.width 160 --synthetic.height "
        "112 "
        "--synthetic.num_people 1 --synthetic.match_stride_px 16",
        folder_->path());
    ASSERT_EQ(synth.exit_code, kOk) << synth.err;
    video_ = WithSuffix(folder_->File("clips"), ".mp4");
    truth_ = WithSuffix(folder_->File("clips"), ".truth.h5");
    ASSERT_FALSE(video_.empty());
    ASSERT_FALSE(truth_.empty());
    const ToolResult label = RunLabel("out", "--threads 1");
    ASSERT_EQ(label.exit_code, kOk) << label.err;
    EXPECT_NE(label.out.find("ms/frame"), std::string::npos) << label.out;
    label_ = WithSuffix(folder_->File("out"), ".h5");
    ASSERT_FALSE(label_.empty());
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static ToolResult RunLabel(const std::string& output, const std::string& more) {
    return RunTool(LabelArguments(output) + " " + more, folder_->path());
  }
  static std::string LabelArguments(const std::string& output) {
    return "label " + video_ + " -o " + output + " --perception recorded --josh.max_iterations 5 ";
  }
  static ToolResult Run(const std::string& arguments) { return RunTool(arguments, folder_->path()); }

  static TemporaryFolder* folder_;
  static std::string video_, truth_, label_;
};
TemporaryFolder* Workflow::folder_ = nullptr;
std::string Workflow::video_, Workflow::truth_, Workflow::label_;

TEST_F(Workflow, LabelIsValidAndTimingLiesBesideIt) {
  EXPECT_EQ(Run("validate out").exit_code, kOk);
  const std::string timing = ReadFile(WithSuffix(folder_->File("out"), ".timing.json"));
  for (const char* part : {"\"frames\": 24", "\"optimise\"", "\"frames_per_second\""}) {
    EXPECT_NE(timing.find(part), std::string::npos) << part << " in " << timing;
  }
}

TEST_F(Workflow, SameBytesForAnyNumberOfThreads) {
  ASSERT_EQ(RunLabel("two", "--threads 2").exit_code, kOk);
  EXPECT_TRUE(ReadFile(label_) == ReadFile(WithSuffix(folder_->File("two"), ".h5")));
}

TEST_F(Workflow, LabellingAgainDoesNothingAndSaysSo) {
  const auto before = fs::last_write_time(label_);
  const ToolResult again = RunLabel("out", "");
  EXPECT_EQ(again.exit_code, kOk) << again.err;
  EXPECT_NE(again.out.find("was labelled before"), std::string::npos) << again.out;
  EXPECT_EQ(fs::last_write_time(label_), before);
}

TEST_F(Workflow, OtherOptionsNeedAnotherFolderOrOverwrite) {
  ASSERT_EQ(RunLabel("options", "").exit_code, kOk);
  const std::string path = WithSuffix(folder_->File("options"), ".h5");
  const std::string before = ReadFile(path);
  const ToolResult refused = RunLabel("options", "--josh.smooth_weight 0.2");
  EXPECT_EQ(refused.exit_code, kUsage) << refused.err;
  EXPECT_NE(refused.err.find("--overwrite"), std::string::npos) << refused.err;
  EXPECT_TRUE(ReadFile(path) == before);
  ASSERT_EQ(RunLabel("options", "--josh.smooth_weight 0.2 --overwrite").exit_code, kOk);
  EXPECT_FALSE(ReadFile(path) == before);
  EXPECT_EQ(Run("validate options").exit_code, kOk);
}

TEST_F(Workflow, InspectKnowsEveryKindOfFile) {
  for (const std::string& path :
       {label_, truth_, video_, WithSuffix(folder_->File("clips"), ".observations.h5")}) {
    const ToolResult text = Run("inspect " + path);
    EXPECT_EQ(text.exit_code, kOk) << text.err;
    EXPECT_NE(text.out.find("kind: "), std::string::npos) << text.out;
    const ToolResult json = Run("inspect --json " + path);
    EXPECT_EQ(json.out.rfind("{", 0), 0u) << json.out;
  }
}

TEST_F(Workflow, ReportAndEvaluation) {
  const ToolResult report = Run("report out clips -o report.html");
  ASSERT_EQ(report.exit_code, kOk) << report.err;
  const std::string html = ReadFile(folder_->File("report.html"));
  EXPECT_NE(html.find("alt=\"bodies drawn over"), std::string::npos);
  const ToolResult evaluation = Run("evaluate --json " + label_ + " " + truth_);
  EXPECT_EQ(evaluation.exit_code, kOk) << evaluation.err;
  EXPECT_EQ(evaluation.out.rfind("{", 0), 0u) << evaluation.out;
  EXPECT_EQ(evaluation.out.find("nan"), std::string::npos) << evaluation.out;
}

TEST_F(Workflow, TruncatedVideoIsRefusedOrMeasuredByItsFrames) {
  const std::string bytes = ReadFile(video_);
  folder_->Write("cut/cut.mp4", bytes.substr(0, bytes.size() / 2));
  fs::copy_file(WithSuffix(folder_->File("clips"), ".observations.h5"),
                folder_->File("cut/cut.observations.h5"));
  const ToolResult result = Run("label cut/cut.mp4 -o cut/out --perception recorded");
  // Either nothing can be decoded, or what can is not what the observations were made of.
  EXPECT_EQ(result.exit_code, kBadInput) << result.err;
  EXPECT_NE(result.err.find("no label for 'cut'"), std::string::npos) << result.err;
  EXPECT_TRUE(WithSuffix(folder_->File("cut/out"), ".h5").empty());
}

TEST_F(Workflow, DamagedLabelIsNamed) {
  std::string bytes = ReadFile(label_);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  folder_->Write("damaged/bad.h5", bytes);
  const ToolResult result = Run("validate damaged");
  EXPECT_EQ(result.exit_code, kBadInput);
  EXPECT_NE(result.out.find("bad.h5: NOT VALID"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("1 of 1 file is not valid"), std::string::npos) << result.err;
  folder_->Write("damaged/short.h5", bytes.substr(0, bytes.size() / 3));
  EXPECT_EQ(Run("inspect damaged/short.h5").exit_code, kBadInput);
}

TEST_F(Workflow, DamagedLabelInTheWayIsNotReplacedSilently) {
  const std::string path = folder_->Write("way/" + fs::path(label_).filename().string(), "not a label");
  const ToolResult refused = RunLabel("way", "");
  EXPECT_EQ(refused.exit_code, kUsage) << refused.err;
  EXPECT_NE(refused.err.find("label_corrupt"), std::string::npos) << refused.err;
  EXPECT_EQ(RunLabel("way", "--overwrite").exit_code, kOk);
  EXPECT_TRUE(ReadFile(path) == ReadFile(label_));
}

TEST_F(Workflow, ReadOnlyOutputIsAStorageError) {
  fs::create_directory(folder_->File("readonly"));
  ToolResult result;
  if (!RunToolWithMount("mount -t tmpfs -o ro,size=1m none readonly",
                        LabelArguments("readonly"),
                        folder_->path(),
                        &result)) {
    GTEST_SKIP() << "READ-ONLY OUTPUT NOT CHECKED: this machine does not permit mounting: " << result.err;
  }
  EXPECT_EQ(result.exit_code, kStorage) << result.err;
  EXPECT_NE(result.err.find("cannot write to the output directory"), std::string::npos) << result.err;
}

TEST_F(Workflow, FullDiskIsAStorageErrorAndLeavesNothing) {
  fs::create_directory(folder_->File("full"));
  const std::string mount = "mount -t tmpfs -o size=16k none full";
  ToolResult result;
  if (!RunToolWithMount(
          mount, LabelArguments("full") + "; code=$?; ls -A full; exit $code", folder_->path(), &result)) {
    GTEST_SKIP() << "FULL DISK NOT CHECKED: this machine does not permit mounting: " << result.err;
  }
  EXPECT_EQ(result.exit_code, kStorage) << result.err;
  EXPECT_EQ(result.out.find(".h5"), std::string::npos) << "left behind: " << result.out;
  ASSERT_TRUE(RunToolWithMount(mount, "report out -o full/report.html", folder_->path(), &result));
  EXPECT_EQ(result.exit_code, kStorage) << result.err;
}

}  // namespace
}  // namespace foothold
