// SPDX-License-Identifier: Apache-2.0
#include "foothold/config/config_file.h"

#include <stdlib.h>

#include "config/tool_options.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

TEST(ConfigFile, ReadsCommentsQuotesAndBlanks) {
  const auto entries = ParseConfigText(
      "# comment\n; another\n\n  [tool]  # trailing\r\n count=3\nnote = \"a # \\\"b\\\" \\n\" ; why\n"
      "size_m = 0.25 # metres\n[other]\nname = a#b;c\nempty =\n",
      "x.conf");
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[0].key, "tool.count");
  EXPECT_EQ(entries[0].text, "3");
  EXPECT_EQ(entries[0].origin, "x.conf:5");
  EXPECT_EQ(entries[1].text, "a # \"b\" \n");
  EXPECT_EQ(entries[2].text, "0.25");
  EXPECT_EQ(entries[3].key, "other.name");
  EXPECT_EQ(entries[3].text, "a#b;c");
  EXPECT_EQ(entries[4].text, "");
}

TEST(ConfigFile, MalformedTextNamesFileAndLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[tool]\ncount\n", "x.conf:2: 'count' is not 'name = value'"},
      {"count = 1\n", "x.conf:1: 'count = 1' stands before the first [section]"},
      {"[tool\n", "x.conf:1"},
      {"[]\n", "x.conf:1: the section has no name"},
      {"[tool] x\n", "x.conf:1"},
      {"[tool]\nnote = \"abc\n", "x.conf:2: the closing quote is missing"},
      {"[tool]\nnote = \"a\" b\n", "x.conf:2: text after"},
      {"[tool]\nnote = \"\\q\"\n", "x.conf:2: unknown escape"},
      {"[tool]\ncount = 1\n[tool]\ncount = 2\n", "x.conf:4: tool.count was set before, at x.conf:2"}};
  for (const auto& [text, message] : cases) {
    ExpectError(ErrorKind::kUsage, {message}, [&text = text] { ParseConfigText(text, "x.conf"); });
  }
}

TEST(ConfigFile, MissingFileIsBadInput) {
  ExpectError(ErrorKind::kBadInput, {"/no/such.conf"}, [] { ParseConfigFile("/no/such.conf"); });
}

TEST(ResolveOptions, PrecedenceFileEnvironmentCommandLine) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("a.conf", "[tool]\ncount = 2\nsize_m = 0.2\nnote = file\n");
  setenv("FOOTHOLD_TOOL_SIZE_M", "0.3", 1);
  setenv("FOOTHOLD_TOOL_NOTE", "environment", 1);
  ToolOptions options;
  OptionSet set;
  set.Bind(&options);
  ResolveOptions(path, {{"tool.note", "flag", "--tool.note"}}, &set);
  unsetenv("FOOTHOLD_TOOL_SIZE_M");
  unsetenv("FOOTHOLD_TOOL_NOTE");
  EXPECT_FALSE(options.fast);
  EXPECT_EQ(options.count, 2);
  EXPECT_EQ(options.size_m, 0.3);
  EXPECT_EQ(options.note, "flag");
}

TEST(ResolveOptions, UnknownKeyNamesLineAndNeighbour) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("a.conf", "[tool]\n\nsize = 0.2\n");
  ToolOptions options;
  OptionSet set;
  set.Bind(&options);
  ExpectError(ErrorKind::kUsage, {path + ":3", "did you mean 'tool.size_m'?"}, [&] {
    ResolveOptions(path, {}, &set);
  });
}

TEST(ResolveOptions, AllRangesAreReportedTogether) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("a.conf", "[tool]\ncount = 200\nsize_m = 7\n");
  ToolOptions options;
  OptionSet set;
  set.Bind(&options);
  ExpectError(
      ErrorKind::kUsage, {"tool.count: 200", "tool.size_m: 7"}, [&] { ResolveOptions(path, {}, &set); });
}

TEST(ResolveOptions, DumpReadsBackToTheSameValues) {
  const TemporaryFolder folder;
  ToolOptions options;
  options.size_m = 1.0 / 3;
  options.fast = true;
  options.note = " \" # ;\n\\ \t";
  OptionSet set;
  set.Bind(&options);
  ToolOptions read;
  OptionSet read_set;
  read_set.Bind(&read);
  ResolveOptions(folder.Write("a.conf", set.Dump()), {}, &read_set);
  EXPECT_EQ(read_set.Dump(), set.Dump());
  EXPECT_EQ(read.note, options.note);
  EXPECT_EQ(read.size_m, options.size_m);
}

}  // namespace
}  // namespace foothold
