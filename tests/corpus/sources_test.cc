// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/sources.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "foothold/corpus/names.h"
#include "support/expect_error.h"
#include "support/tar_text.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

using Strings = std::vector<std::string>;

Strings Ids(const std::vector<SourceRow>& rows) {
  Strings ids;
  for (const SourceRow& row : rows) ids.push_back(row.unit.id);
  return ids;
}

TEST(Names, GoodOnesStay) {
  for (const std::string name :
       {"a.mp4", "2019/w\xc3\xa4lk (1) 'x' \"y\".mp4", "100%.mp4", "\xf0\x9f\x98\x80.mkv"}) {
    EXPECT_EQ(IdOfName(name), name);
  }
}

TEST(Names, OthersAreEscapedAndStayDistinct) {
  const Strings names = {"a\nb.mp4",
                         "a%0Ab.mp4~",
                         "a\\b.mp4",
                         "\x01.mp4",
                         "caf\xe9.mp4",
                         "../x.mp4",
                         "/x.mp4",
                         "",
                         "/",
                         "x/.y/z.mp4",
                         std::string(250, 'x') + ".mp4",
                         std::string(251, 'x') + ".mp4",
                         "a/" + std::string(1500, '/') + "b",
                         std::string("\xed\xa0\x80\xc0\xaf\xf5")};
  Strings ids;
  for (const std::string& name : names) {
    const std::string id = IdOfName(name);
    EXPECT_EQ(ProblemOfId(id), "") << id;
    EXPECT_EQ(std::count(ids.begin(), ids.end(), id), 0) << id;
    ids.push_back(id);
  }
  EXPECT_TRUE(IdOfName("d/a\nb.mp4").starts_with("d/a%0Ab.mp4~"));
}

TEST(ReadSources, ArchivesAreFoldersAndTheirTextsAreCaptions) {
  const TemporaryFolder folder;
  const std::string shard = folder.Write(
      "s/000.tar",
      TarEntry("b.mp4", "video") + TarEntry("b.txt", "a man walks \n") + TarEntry("c/d.mkv", "video") +
          TarEntry("c/d.json", R"({"text":"two\ndogs","license":"CC0","x":1})") + TarEntry("e.jpg", "") +
          TarEnd());
  folder.Write("s/z.mp4", "");
  const std::vector<SourceRow> rows = ReadSources({folder.File("s")});
  ASSERT_EQ(Ids(rows), (Strings{"000.tar/b.mp4", "000.tar/c/d.mkv", "z.mp4"}));
  EXPECT_EQ(rows[0].unit.path, shard + "/b.mp4");
  EXPECT_EQ(rows[0].caption, "a man walks");
  EXPECT_EQ(rows[1].caption, "two\ndogs");
  EXPECT_EQ(rows[1].licence, "CC0");
  EXPECT_EQ(Ids(ReadSources({shard})), (Strings{"000.tar/b.mp4", "000.tar/c/d.mkv"}));
  EXPECT_EQ(Ids(ReadSources({folder.File("s/*.tar")})), Ids(ReadSources({shard})));
}

TEST(ReadSources, ArchivesWithoutVideos) {
  const TemporaryFolder folder;
  const std::string none = folder.Write("none.tar", TarEntry("a.jpg", "picture") + TarEnd());
  const std::string empty = folder.Write("empty.tar", "");
  for (const std::string& archive : {none, empty}) {
    ExpectError(ErrorKind::kBadInput, {"no videos"}, [&] { ReadSources({archive}); });
  }
  const std::string list = folder.Write("l.txt", "none.tar\nempty.tar\nv.mp4\n");
  EXPECT_EQ(Ids(ReadSources({list})), Strings{"v.mp4"});
}

TEST(ReadSources, DamagedArchivesAreRefusedAlone) {
  const TemporaryFolder folder;
  folder.Write("bad.tar", TarEntry("a.mp4", "video") + std::string(512, 'x'));
  folder.Write("b.mp4", "");
  const std::vector<SourceRow> rows = ReadSources({folder.path()});
  ASSERT_EQ(Ids(rows), (Strings{"b.mp4", "bad.tar", "bad.tar/a.mp4"}));
  EXPECT_EQ(rows[0].unit.rejected_reason, "");
  EXPECT_EQ(rows[1].unit.rejected_reason, "tar_damaged");
  EXPECT_EQ(rows[2].unit.rejected_reason, "");
}

TEST(ReadSources, ListsCarryRangesCaptionsLicencesAndPriorities) {
  const TemporaryFolder folder;
  const std::string csv = folder.Write(
      "l.csv",
      "id,path,begin_s,end_s,caption,licence,priority\na,v.mp4,1.5,3,\"x, y\",CC0,5\nb,w.mp4,,,,,\n");
  const std::string jsonl =
      folder.Write("m.jsonl",
                   "{\"id\":\"c\",\"path\":\"v.mp4\",\"begin\":3,\"end\":9,\"other\":[1]}\n\n"
                   "{\"id\":\"d\",\"path\":\"/v.mp4\",\"begin_s\":2.5,\"license\":\"MIT\","
                   "\"priority\":-1,\"caption\":null}\r\n");
  const std::vector<SourceRow> rows = ReadSources({jsonl, csv});
  ASSERT_EQ(Ids(rows), (Strings{"a", "b", "c", "d"}));
  EXPECT_EQ(rows[0].begin_s, 1.5);
  EXPECT_EQ(rows[0].end_s, 3);
  EXPECT_EQ(rows[0].caption, "x, y");
  EXPECT_EQ(rows[0].licence, "CC0");
  EXPECT_EQ(rows[0].unit.priority, 5);
  EXPECT_LT(rows[1].begin_s, 0);
  EXPECT_EQ(rows[2].unit.begin, 3);
  EXPECT_EQ(rows[2].unit.end, 9);
  EXPECT_EQ(rows[2].unit.path, folder.File("v.mp4"));
  EXPECT_EQ(rows[3].begin_s, 2.5);
  EXPECT_EQ(rows[3].licence, "MIT");
  EXPECT_EQ(rows[3].unit.priority, -1);
  ExpectError(ErrorKind::kBadInput, {"l.csv:2", "needs a manifest"}, [&] { ReadCorpus(csv); });
}

TEST(ReadSources, ErrorsNameLineAndField) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]\n", "l.jsonl:1: is not a JSON object"},
      {"{\"id\":\"a\",\"path\":\"p\"}\n{\n", "l.jsonl:2: is not a JSON object"},
      {R"({"id":"a"})", "l.jsonl:1: the path is empty"},
      {R"({"id":"a","path":["p"]})", "field 'path' is neither"},
      {R"({"id":"a","path":"p","begin":1.5})", "'1.5' in column begin"},
      {R"({"id":"a","path":"p","end_s":-2})", "'-2' in column end_s"},
      {R"({"id":"a","path":"p","end_s":"nan"})", "'nan' in column end_s"},
      {R"({"id":"a","path":"p","begin_s":3,"end_s":3})", "the time range is empty"},
      {R"({"id":"a","path":"p","begin":1,"end_s":3})", "both frames and seconds"},
      {R"({"id":"a","path":"p","priority":"high"})", "'high' in column priority"},
      {R"({"foothold_manifest":1})", "this is a manifest"}};
  for (const auto& [text, message] : cases) {
    const std::string list = folder.Write("l.jsonl", text);
    ExpectError(ErrorKind::kBadInput, {message}, [&] { ReadSources({list}); });
  }
}

TEST(ReadSources, SourcesThatOverlapAreNamed) {
  const TemporaryFolder folder;
  const std::string a = folder.Write("a/x.mp4", ""), b = folder.Write("b/x.mp4", "");
  ExpectError(ErrorKind::kBadInput, {"'x.mp4' is taken", a, b}, [&] {
    ReadSources({folder.File("a"), folder.File("b")});
  });
}

TEST(ReadSources, LinksInACircleAndOddNamesDoNotEndTheWalk) {
  const TemporaryFolder folder;
  folder.Write("v/a\nb.mp4", "");
  folder.Write("v/it's \"x\" \xc3\xa4.mp4", "");
  std::filesystem::create_directory_symlink("..", folder.File("v/up"));
  std::filesystem::create_symlink("self.mp4", folder.File("v/self.mp4"));
  std::filesystem::create_symlink("nowhere.mp4", folder.File("v/dangling.mp4"));
  std::filesystem::create_directory_symlink("v", folder.File("w"));
  const Strings ids = Ids(ReadSources({folder.File("v")}));
  EXPECT_EQ(ids.size(), 4u) << testing::PrintToString(ids);  // "up" shows nothing but v again.
}

// Root reads everything, so another user looks.
TEST(ReadSources, ClosedFoldersAreRefusedAlone) {
  const TemporaryFolder folder;
  folder.Write("v/closed/a.mp4", "");
  folder.Write("v/b.mp4", "");
  chmod(folder.path().c_str(), 0755);
  chmod(folder.File("v/closed").c_str(), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(9);
    const std::vector<SourceRow> rows = ReadSources({folder.File("v")});
    _exit(Ids(rows) == Strings{"b.mp4", "closed"} && rows[1].unit.rejected_reason == "folder_unreadable" ? 0
                                                                                                         : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  chmod(folder.File("v/closed").c_str(), 0755);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace foothold
