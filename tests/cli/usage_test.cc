// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/run_tool.h"
#include "foothold/base/atomic_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// Exit codes as docs/operations.md lists them; numbers on purpose, they are a contract.
constexpr int kOk = 0, kUsage = 2, kBadInput = 3, kStorage = 6;

int Lines(const std::string& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

void ExpectFailure(const std::string& arguments, int exit_code, const std::vector<std::string>& parts) {
  const ToolResult result = RunTool(arguments);
  EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.err;
  for (const std::string& part : parts) {
    EXPECT_NE(result.err.find(part), std::string::npos) << arguments << ": '" << part << "' is missing in\n"
                                                        << result.err;
  }
  EXPECT_EQ(result.err.rfind("foothold: ", 0), 0u) << result.err;
}

TEST(Usage, HelpNamesEveryCommandAndHasExamples) {
  const ToolResult help = RunTool("--help");
  EXPECT_EQ(help.exit_code, kOk);
  for (const char* command :
       {"label", "synth", "validate", "inspect", "report", "evaluate", "config", "bench"}) {
    EXPECT_NE(help.out.find(std::string("\n  ") + command), std::string::npos) << command;
    const ToolResult own = RunTool(std::string(command) + " --help");
    EXPECT_EQ(own.exit_code, kOk);
    EXPECT_NE(own.out.find(std::string("  foothold ") + command), std::string::npos)
        << "an example of " << command;
  }
}

TEST(Usage, VersionIsPrinted) {
  const ToolResult result = RunTool("--version");
  EXPECT_EQ(result.exit_code, kOk);
  EXPECT_EQ(result.out.rfind("foothold ", 0), 0u) << result.out;
}

TEST(Usage, UnknownCommandsAndOptionsGetASuggestion) {
  ExpectFailure("lable x.mp4", kUsage, {"unknown command 'lable'", "did you mean label?"});
  ExpectFailure(
      "label x.mp4 -o out --threds 2", kUsage, {"unknown option --threds", "did you mean --threads?"});
  ExpectFailure("bench solver --problem x.h5 --device cuda --body free", kUsage, {"--body frozen"});
  ExpectFailure("bench solvr", kUsage, {"unknown command 'solvr'", "did you mean solver?"});
  ExpectFailure("bench solver --proble x.h5", kUsage, {"unknown option --proble", "did you mean --problem?"});
  ExpectFailure("label x.mp4 -o out --josh.max_iteration=3",
                kUsage,
                {"--josh.max_iteration", "--josh.max_iterations?"});
  // From the program with LibTorch, or of its absence.
  const bool has_torch = std::filesystem::exists(FOOTHOLD_BINARY_DIR "/bin/foothold-student");
  ExpectFailure(
      "label x.mp4 -o out --perception networks",
      kUsage,
      {has_torch ? "networks.mast3r is missing" : "configure and build again with FOOTHOLD_TORCH=ON"});
  ExpectFailure("label x.mp4 -o out --perception clasical", kUsage, {"did you mean 'classical'?"});
}

TEST(Usage, OutOfRangeOptionsAreAllListed) {
  ExpectFailure("label x.mp4 -o out --run.threads -4 --josh.max_iterations 0 --video.cut_threshold 7",
                kUsage,
                {"run.threads: -4", "josh.max_iterations: 0", "video.cut_threshold: 7"});
  ExpectFailure("config --run.threads many", kUsage, {"--run.threads", "'many' is not"});
}

TEST(Usage, MissingArgumentsAreOneLine) {
  for (const char* arguments : {"label", "label x.mp4", "validate", "report x.h5", "inspect"}) {
    const ToolResult result = RunTool(arguments);
    EXPECT_EQ(result.exit_code, kUsage) << arguments;
    EXPECT_EQ(Lines(result.err), 1) << result.err;
  }
  EXPECT_EQ(RunTool("").exit_code, kUsage);
}

TEST(Usage, FrameRangesAreChecked) {
  for (const char* range : {"7", "5:2", "a:b", "-3:4", "1:2:3", "99999999999:"}) {
    ExpectFailure(std::string("label x.mp4 -o out --frames=") + range, kUsage, {"--frames", range});
  }
}

TEST(Config, LaterSourcesWin) {
  const TemporaryFolder folder;
  folder.Write("a.conf", "[josh]\nmax_iterations = 11\nmatch_weight = 3\n");
  EXPECT_NE(RunTool("config --config a.conf", folder.path()).out.find("max_iterations = 11\n"),
            std::string::npos);
  const std::string both = RunTool("config --config a.conf --josh.max_iterations 12", folder.path()).out;
  EXPECT_NE(both.find("max_iterations = 12\n"), std::string::npos);
  EXPECT_NE(both.find("match_weight = 3\n"), std::string::npos);
  ExpectFailure("config --config nowhere.conf", kBadInput, {"nowhere.conf"});
}

TEST(Config, PrintsAFileThatReadsBack) {
  const TemporaryFolder folder;
  const std::string text = RunTool("config --josh.max_iterations 17 --run.threads 3").out;
  folder.Write("a.conf", text);
  EXPECT_EQ(RunTool("config --config a.conf", folder.path()).out, text);
  EXPECT_EQ(RunTool("config --labels-only").out.find("[run]"), std::string::npos);
}

TEST(Config, ReferencePageIsCurrent) {
  const ToolResult result = RunTool("config --reference");
  ASSERT_EQ(result.exit_code, kOk);
  EXPECT_TRUE(result.out == ReadFile(FOOTHOLD_SOURCE_DIR "/docs/options.md"))
      << "docs/options.md is out of date; run: build/bin/foothold config --reference > docs/options.md";
}

TEST(Output, FullStandardOutputIsAStorageError) {
  EXPECT_EQ(RunTool("config --reference > /dev/full").exit_code, kStorage);
}

}  // namespace
}  // namespace foothold
