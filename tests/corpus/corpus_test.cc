// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/corpus.h"

#include <set>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

std::vector<std::string> Ids(const Corpus& corpus) {
  std::vector<std::string> ids;
  for (const Unit& unit : corpus.units) ids.push_back(unit.id);
  return ids;
}

using Strings = std::vector<std::string>;

TEST(ReadCorpus, FolderIsRecursiveSortedAndPicksVideos) {
  const TemporaryFolder folder;
  for (const char* name :
       {"b.mp4", "a/c.MKV", "a/d.webm", "a/.hidden.mp4", ".git/e.mp4", "notes.txt", "b.avi", "x.mp4.part"}) {
    folder.Write(name, "");
  }
  const Corpus corpus = ReadCorpus(folder.path());
  EXPECT_EQ(Ids(corpus), (Strings{"a/c.MKV", "a/d.webm", "b.avi", "b.mp4"}));
  EXPECT_EQ(corpus.units[0].path, folder.File("a/c.MKV"));
  EXPECT_EQ(Ids(ReadCorpus(folder.path() + "/")), Ids(corpus));
}

TEST(ReadCorpus, IdsDoNotDependOnWhereTheFolderLies) {
  const TemporaryFolder first, second;
  for (const TemporaryFolder* folder : {&first, &second}) folder->Write("a/b.mp4", "");
  EXPECT_EQ(Ids(ReadCorpus(first.path())), Ids(ReadCorpus(second.path())));
  EXPECT_EQ(Ids(ReadCorpus(first.File("a/*.mp4"))), Strings{"b.mp4"});
  EXPECT_EQ(Ids(ReadCorpus(first.File("*/*.mp4"))), Strings{"a/b.mp4"});
  EXPECT_EQ(Ids(ReadCorpus(first.File("a/b.mp4"))), Strings{"b.mp4"});
}

TEST(ReadCorpus, CsvWithQuotesExtraColumnsAndRelativePaths) {
  const TemporaryFolder folder;
  const std::string list = folder.Write("lists/l.csv",
                                        "\xef\xbb\xbfpath,fps,id\r\n"
                                        "\"v/a, \"\"b\"\".mp4\",30,second\r\n"
                                        "\r\n"
                                        "/abs/c.bin,25,first\r\n");
  const Corpus corpus = ReadCorpus(list);
  ASSERT_EQ(Ids(corpus), (Strings{"first", "second"}));
  EXPECT_EQ(corpus.units[0].path, "/abs/c.bin");
  EXPECT_EQ(corpus.units[1].path, folder.File("lists/v/a, \"b\".mp4"));
}

TEST(ReadCorpus, CsvWithFrameRanges) {
  const TemporaryFolder folder;
  const Corpus corpus =
      ReadCorpus(folder.Write("l.csv", "id,path,begin,end\na,v.mp4,0,150\nb,v.mp4,,\nc,v.mp4,20,\n"));
  ASSERT_EQ(corpus.units.size(), 3u);
  EXPECT_EQ(corpus.units[0].end, 150);
  EXPECT_EQ(corpus.units[1].begin, 0);
  EXPECT_EQ(corpus.units[1].end, -1);
  EXPECT_EQ(corpus.units[2].begin, 20);
}

TEST(ReadCorpus, TextListMixesFilesFoldersAndGlobs) {
  const TemporaryFolder folder;
  folder.Write("f/a.mp4", "");
  folder.Write("g/b1.mp4", "");
  folder.Write("g/b2.mp4", "");
  const std::string list = folder.Write("l.txt", "# all\nf\n  g/b*.mp4 \r\nmissing.mp4\n\n");
  EXPECT_EQ(Ids(ReadCorpus(list)), (Strings{"a.mp4", "b1.mp4", "b2.mp4", "missing.mp4"}));
}

TEST(ReadCorpus, BadListsAreErrorsWithTheirLine) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty"},
      {"id,file\na,b.mp4\n", "l.csv:1: the header has no column 'path'"},
      {"id,path\na,b.mp4\na,c.mp4\n", "l.csv:3: the id 'a' is taken, at "},
      {"id,path\n,b.mp4\n", "l.csv:2: the id is empty"},
      {"id,path\n../x,b.mp4\n", "begins with a dot"},
      {"id,path\n/x,b.mp4\n", "begins or ends with /"},
      {"id,path\nx/,b.mp4\n", "begins or ends with /"},
      {"id,path\na\n", "l.csv:2: the row has 1 cells"},
      {"id,path\na,\n", "l.csv:2: the path is empty"},
      {"id,path\na,\"b\n", "l.csv:2: a quote is opened"},
      {"id,path,begin\na,b.mp4,x\n", "l.csv:2: 'x' in column begin"},
      {"id,path,end\na,b.mp4,-1\n", "l.csv:2: '-1' in column end"},
      {"id,path,begin,end\na,b.mp4,5,5\n", "l.csv:2: the frame range is empty"},
      {"id,path\n", "no videos"}};
  for (const auto& [text, message] : cases) {
    const std::string list = folder.Write("l.csv", text);
    ExpectError(ErrorKind::kBadInput, {message}, [&] { ReadCorpus(list); });
  }
}

TEST(ReadCorpus, BadPlaces) {
  const TemporaryFolder folder;
  ExpectError(ErrorKind::kBadInput, {"/no/such", "does not exist"}, [] { ReadCorpus("/no/such"); });
  ExpectError(ErrorKind::kBadInput, {"no file matches"}, [&] { ReadCorpus(folder.File("*.mp4")); });
  ExpectError(ErrorKind::kBadInput, {"no videos"}, [&] { ReadCorpus(folder.path()); });
  const std::string notes = folder.Write("notes.md", "");
  ExpectError(ErrorKind::kBadInput, {"neither a folder nor a video"}, [&] { ReadCorpus(notes); });
}

TEST(ReadCorpus, DuplicateNamesInAListAreNamed) {
  const TemporaryFolder folder;
  folder.Write("f/a.mp4", "");
  folder.Write("g/a.mp4", "");
  const std::string list = folder.Write("l.txt", "f\ng\n");
  ExpectError(ErrorKind::kBadInput, {"f/a.mp4", "g/a.mp4", "csv"}, [&] { ReadCorpus(list); });
}

TEST(Unit, KeysAreFileNamesAndDistinct) {
  const Strings ids = {
      "a/b.mp4", "a_b.mp4", "a.b.mp4", "a/b_mp4", std::string(900, 'x'), std::string(901, 'x'), "ünï"};
  std::set<std::string> keys;
  for (const std::string& id : ids) {
    const std::string key = Unit{id, "", 0, -1}.Key();
    EXPECT_LE(key.size(), 100u);
    EXPECT_EQ(key.find_first_of("./ "), std::string::npos) << key;
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), ids.size());
}

TEST(Corpus, FingerprintSeesIdsAndPaths) {
  const Corpus a{{{"1", "a.mp4", 0, -1}}}, b{{{"1", "b.mp4", 0, -1}}}, c{{{"2", "a.mp4", 0, -1}}},
      d{{{"1", "a.mp4", 0, 9}}};
  EXPECT_NE(a.Fingerprint(), b.Fingerprint());
  EXPECT_NE(a.Fingerprint(), c.Fingerprint());
  EXPECT_NE(a.Fingerprint(), d.Fingerprint());
}

}  // namespace
}  // namespace foothold
