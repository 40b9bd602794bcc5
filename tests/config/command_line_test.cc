// SPDX-License-Identifier: Apache-2.0
#include "foothold/config/command_line.h"

#include "config/tool_options.h"
#include "support/expect_error.h"

namespace foothold {
namespace {

const std::map<std::string, std::string> kAliases = {{"note", "tool.note"}};

RankCommandLine Parse(std::vector<const char*> arguments) {
  ToolOptions options;
  OptionSet set;
  set.Bind(&options);
  arguments.insert(arguments.begin(), "program");
  return ParseRankCommandLine(static_cast<int>(arguments.size()), arguments.data(), set, kAliases);
}

TEST(RankCommandLine, FlagsAliasesAndConfig) {
  const RankCommandLine line =
      Parse({"--config", "a.conf", "--tool.count=3", "--note", "x y", "--tool.size_m", "-1"});
  EXPECT_EQ(line.config_path, "a.conf");
  EXPECT_FALSE(line.help);
  ASSERT_EQ(line.assignments.size(), 3u);
  EXPECT_EQ(line.assignments[0].key, "tool.count");
  EXPECT_EQ(line.assignments[0].text, "3");
  EXPECT_EQ(line.assignments[1].key, "tool.note");
  EXPECT_EQ(line.assignments[1].text, "x y");
  EXPECT_EQ(line.assignments[1].origin, "--note");
  EXPECT_EQ(line.assignments[2].text, "-1");
  EXPECT_TRUE(Parse({"--help"}).help);
  EXPECT_TRUE(Parse({"--print-config"}).print_config);
}

TEST(RankCommandLine, UnknownFlagHasSuggestion) {
  ExpectError(ErrorKind::kUsage, {"--tool.cuont", "did you mean --tool.count?"}, [] {
    Parse({"--tool.cuont", "1"});
  });
  ExpectError(ErrorKind::kUsage, {"--tool.coun", "did you mean"}, [] { Parse({"--tool.coun", "1"}); });
  ExpectError(ErrorKind::kUsage, {"--wxyzzy", "--help"}, [] { Parse({"--wxyzzy"}); });
}

TEST(RankCommandLine, MissingValueAndStrayArgument) {
  ExpectError(ErrorKind::kUsage, {"tool.count"}, [] { Parse({"--tool.count"}); });
  ExpectError(ErrorKind::kUsage, {"command line"}, [] { Parse({"stray.mp4"}); });
  ExpectError(ErrorKind::kUsage, {"command line"}, [] { Parse({"--config"}); });
}

TEST(RankCommandLine, HelpNamesEveryFlag) {
  ToolOptions options;
  OptionSet set;
  set.Bind(&options);
  const std::string help = RankCommandLineHelp("usage: program", set, kAliases);
  for (const char* part :
       {"usage: program", "--config", "--note", "--tool.count", "--tool.fast", "How large."}) {
    EXPECT_NE(help.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace foothold
