// SPDX-License-Identifier: Apache-2.0
// foothold corpus scan and plan on three small videos.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/run_tool.h"
#include "foothold/base/atomic_file.h"
#include "support/temporary_folder.h"
#include "video/test_frames.h"

namespace foothold {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CorpusTool, ScanAndPlan) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.File("v"));
  const test::SlidingScene scene(1);
  WriteVideo(folder.File("v/long.mp4"), 30, scene.Frames(120, 224, 128));
  WriteVideo(folder.File("v/short.mp4"), 30, scene.Frames(40, 224, 128));
  folder.Write("v/empty.mp4", "");
  const std::string scan = "corpus scan v --output run --scan.people false --scan.part_minutes 0.02";
  ToolResult result = RunTool(scan + " --json", folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"\"videos\": 3", "\"units\": 6", "\"long_videos\": 1", "\"video_empty\": 1"}) {
    EXPECT_TRUE(Contains(result.out, part)) << part << "\n" << result.out;
  }
  // Absolute paths: the run may start in another folder.
  EXPECT_TRUE(
      Contains(ReadFile(folder.File("run/corpus.manifest.jsonl")), "\"path\":\"" + folder.path() + "/v/"));

  result = RunTool(scan, folder.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(Contains(result.err, "--replace")) << result.err;

  result = RunTool("corpus plan run --ranks 4", folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"3 videos, 1 rejected, 5 units to do (1 long videos in parts)",
                           "rejected video_empty: 1",
                           "below 5 s      ######",
                           "4 ranks: 0.0"}) {
    EXPECT_TRUE(Contains(result.out, part)) << part << "\n" << result.out;
  }
  result = RunTool("corpus plan run/corpus.manifest.jsonl --json", folder.path());
  EXPECT_TRUE(Contains(result.out, "\"frames\": 160")) << result.out;
  EXPECT_TRUE(Contains(result.out, "\"measured_units\": 0")) << result.out;
}

TEST(CorpusTool, ErrorsSayWhatToDo) {
  const TemporaryFolder folder;
  ToolResult result = RunTool("corpus plan run", folder.path());
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_TRUE(Contains(result.err, "run/corpus.manifest.jsonl")) << result.err;
  result = RunTool("corpus scan nothing -o run", folder.path());
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_TRUE(Contains(result.err, "nothing: does not exist")) << result.err;
  result = RunTool("corpus scan . -o run --scan.peeple false", folder.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(Contains(result.err, "--scan.people")) << result.err;
  EXPECT_FALSE(Contains(RunTool("corpus --help").out, "probe-worker"));
  EXPECT_EQ(RunTool("corpus probe-worker").exit_code, 2);
}

}  // namespace
}  // namespace foothold
