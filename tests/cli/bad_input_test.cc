// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/run_tool.h"
#include "foothold/base/atomic_file.h"
#include "foothold/video/video.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
constexpr int kBadInput = 3, kIncomplete = 4;

std::vector<ImageU8> GreyFrames(int count, int width, int height) {
  return std::vector<ImageU8>(static_cast<size_t>(count), ImageU8(width, height, 3, 90));
}

class LabelBadInput : public testing::Test {
 protected:
  // The video is refused with the given reason, in one line, and a .failed.json says so.
  void ExpectRefused(const std::string& video, const std::string& reason) {
    const ToolResult result = RunTool("label '" + video + "' -o out", folder_.path());
    EXPECT_EQ(result.exit_code, kBadInput) << result.err;
    EXPECT_NE(result.err.find("(" + reason + ")"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("foothold: no label for '"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("terminate called"), std::string::npos) << result.err;
    const std::string failed = folder_.File("out/" + fs::path(video).stem().string() + ".failed.json");
    ASSERT_TRUE(fs::exists(failed));
    EXPECT_NE(ReadFile(failed).find("\"reason\": \"" + reason + "\""), std::string::npos);
    EXPECT_FALSE(fs::exists(folder_.File("out/" + fs::path(video).stem().string() + ".h5")));
  }

  TemporaryFolder folder_;
};

TEST_F(LabelBadInput, MissingFile) { ExpectRefused("nowhere.mp4", "video_missing"); }

TEST_F(LabelBadInput, EmptyFile) {
  folder_.Write("empty.mp4", "");
  ExpectRefused("empty.mp4", "video_empty");
}

TEST_F(LabelBadInput, TextFileNamedMp4) {
  folder_.Write("text.mp4", "this is no video\n");
  ExpectRefused("text.mp4", "video_unreadable");
}

TEST_F(LabelBadInput, OneFrame) {
  WriteVideo(folder_.File("one.avi"), 30, GreyFrames(1, 96, 64));
  ExpectRefused("one.avi", "video_too_short");
}

TEST_F(LabelBadInput, SixteenPixels) {
  WriteVideo(folder_.File("tiny.avi"), 30, GreyFrames(12, 16, 16));
  ExpectRefused("tiny.avi", "video_too_small");
}

TEST_F(LabelBadInput, NobodyThere) {
  WriteVideo(folder_.File("grey.avi"), 30, GreyFrames(10, 160, 128));
  ExpectRefused("grey.avi", "no_people");
}

TEST_F(LabelBadInput, RecordedWithoutObservations) {
  WriteVideo(folder_.File("grey.avi"), 30, GreyFrames(10, 96, 64));
  const ToolResult result = RunTool("label grey.avi -o out --perception recorded", folder_.path());
  EXPECT_EQ(result.exit_code, kBadInput) << result.err;
  EXPECT_NE(result.err.find("grey.observations.h5"), std::string::npos) << result.err;
}

TEST_F(LabelBadInput, FramesBeyondTheEnd) {
  WriteVideo(folder_.File("grey.avi"), 30, GreyFrames(10, 96, 64));
  const ToolResult result = RunTool("label grey.avi -o out --frames 50:60", folder_.path());
  EXPECT_EQ(result.exit_code, kBadInput) << result.err;
}

TEST_F(LabelBadInput, OneBadVideoDoesNotStopTheNext) {
  folder_.Write("text.mp4", "this is no video\n");
  const ToolResult result = RunTool("label nowhere.mp4 text.mp4 -o out", folder_.path());
  EXPECT_EQ(result.exit_code, kBadInput) << result.err;
  EXPECT_NE(result.err.find("nowhere"), std::string::npos);
  EXPECT_NE(result.err.find("text"), std::string::npos);
}

TEST(BadInput, OtherCommandsNameTheFile) {
  const TemporaryFolder folder;
  folder.Write("text.h5", "this is no label\n");
  folder.Write("empty.h5", "");
  fs::create_directory(folder.File("nothing"));
  for (const char* arguments : {"validate nowhere.h5",
                                "validate text.h5",
                                "validate empty.h5",
                                "validate nothing",
                                "inspect nowhere.mp4",
                                "inspect text.h5",
                                "report text.h5 -o r.html",
                                "report nowhere.h5 -o r.html",
                                "evaluate text.h5 text.h5"}) {
    const ToolResult result = RunTool(arguments, folder.path());
    EXPECT_EQ(result.exit_code, kBadInput) << arguments << "\n" << result.err;
    EXPECT_EQ(result.err.rfind("foothold: ", 0), 0u) << arguments << "\n" << result.err;
  }
  EXPECT_FALSE(fs::exists(folder.File("r.html")));
}

}  // namespace
}  // namespace foothold
