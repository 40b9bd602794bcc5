// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/manifest.h"

#include <cstdlib>
#include <fstream>
#include <numeric>
#include <set>
#include <thread>

#include "foothold/base/atomic_file.h"
#include "foothold/base/random.h"
#include "foothold/corpus/open_units.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

ManifestRow FullRow() {
  ManifestRow row;
  row.unit.id = "a/w\xc3\xa4lk \"1\".mp4";
  row.unit.path = "/v/line\nbreak.mp4";
  row.unit.begin = 10;
  row.unit.end = 250;
  row.unit.kind = Unit::Kind::kJoin;
  row.unit.num_parts = 3;
  row.unit.cost_s = 12.5;
  row.unit.priority = -2;
  row.unit.rejected_reason = "no_people";
  row.unit.rejected_message = "none in 12 pictures";
  row.begin_s = 0.4;
  row.end_s = 10;
  row.caption = "a dog, \"running\"";
  row.licence = "CC-BY-4.0";
  row.duplicate_of = "b";
  row.facts = {"ends:ff", 1234567890123, 640, 360, 90, 29.97, 300, 10.01, "h264", 2};
  return row;
}

ManifestRow SmallRow(const std::string& id, double cost_s = 1) {
  ManifestRow row;
  row.unit.id = id;
  row.unit.path = "/v/" + id;
  row.unit.cost_s = cost_s;
  return row;
}

std::string WriteManifest(const TemporaryFolder& folder, const std::vector<ManifestRow>& rows) {
  const std::string path = folder.File("c.manifest.jsonl");
  ManifestWriter writer(path, {"foothold 0", "[scan]\n", {"videos"}});
  for (const ManifestRow& row : rows) writer.Add(row);
  EXPECT_TRUE(writer.Commit(/*replace=*/false));
  return path;
}

void ExpectEqual(const ManifestRow& a, const ManifestRow& b) {
  EXPECT_EQ(FormatManifestRow(a), FormatManifestRow(b));
  EXPECT_EQ(a.unit.path, b.unit.path);
  EXPECT_EQ(a.unit.rejected_message, b.unit.rejected_message);
  EXPECT_EQ(a.facts, b.facts);
}

TEST(ManifestRow, SurvivesText) {
  const ManifestRow row = FullRow();
  const std::string line = FormatManifestRow(row);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  ExpectEqual(ParseManifestRow(line, "l:1"), row);
  ExpectEqual(ParseManifestRow(FormatManifestRow(SmallRow("x")), "l:1"), SmallRow("x"));
}

TEST(ManifestRow, PathsThatAreNotUtf8) {
  ManifestRow row = SmallRow("x");
  row.unit.path = "/v/caf\xe9 100%.mp4";
  const std::string line = FormatManifestRow(row);
  EXPECT_NE(line.find(R"("path_bytes":"/v/caf%E9 100%25.mp4")"), std::string::npos) << line;
  EXPECT_EQ(ParseManifestRow(line, "l:1").unit.path, row.unit.path);
}

TEST(ManifestRow, ErrorsNameOriginAndField) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "l:7: is not a JSON object"},
      {"[1]", "l:7: is not a JSON object"},
      {R"({"id":"a","path":"p"})", "field 'kind'"},
      {R"({"id":"","kind":"video","path":"p"})", "field 'id' cannot be used: the id is empty"},
      {R"({"id":"../a","kind":"video","path":"p"})", "field 'id'"},
      {R"({"id":3,"kind":"video","path":"p"})", "field 'id' is not text"},
      {R"({"id":"a","kind":"video"})", "field 'path' is missing"},
      {R"({"id":"a","kind":"video","path_bytes":"%4"})", "field 'path_bytes'"},
      {R"({"id":"a","kind":"video","path":"p","begin":-1})", "field 'begin'"},
      {R"({"id":"a","kind":"video","path":"p","begin":1.5})", "field 'begin'"},
      {R"({"id":"a","kind":"video","path":"p","begin":9,"end":9})", "field 'end' is not behind begin"},
      {R"({"id":"a","kind":"video","path":"p","end":99999999999})", "field 'end'"},
      {R"({"id":"a","kind":"video","path":"p","end":18446744073709551615})", "field 'end'"},
      {R"({"id":"a","kind":"join","path":"p"})", "field 'num_parts'"},
      {R"({"id":"a","kind":"video","path":"p","num_parts":2})", "field 'num_parts'"},
      {R"({"id":"a","kind":"video","path":"p","cost_s":-1})", "field 'cost_s'"},
      {R"({"id":"a","kind":"video","path":"p","cost_s":null})", "field 'cost_s'"},
      {R"({"id":"a","kind":"video","path":"p","width":"x"})", "field 'width'"}};
  for (const auto& [line, message] : cases) {
    const std::string text = line;
    ExpectError(ErrorKind::kBadInput, {message}, [&] { ParseManifestRow(text, "l:7"); });
  }
}

TEST(Manifest, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  const std::vector<ManifestRow> rows = {FullRow(), SmallRow("b", 2), SmallRow("c", 0.25)};
  const std::string path = WriteManifest(folder, rows);
  const Manifest manifest(path);
  ASSERT_EQ(manifest.size(), 3u);
  for (size_t i = 0; i < rows.size(); ++i) {
    ExpectEqual(manifest.RowAt(i), rows[i]);
    EXPECT_EQ(manifest.At(i).id, rows[i].unit.id);
    EXPECT_EQ(manifest.CostOf(i), rows[i].unit.cost_s);
    EXPECT_EQ(manifest.PriorityOf(i), rows[i].unit.priority);
    EXPECT_EQ(manifest.KindOf(i), rows[i].unit.kind);
    EXPECT_EQ(manifest.HashOf(i), UnitHash(rows[i].unit.id));
  }
  EXPECT_TRUE(manifest.IsRejected(0));
  EXPECT_FALSE(manifest.IsRejected(1));
  EXPECT_EQ(manifest.header().sources, std::vector<std::string>{"videos"});
  EXPECT_EQ(manifest.Fingerprint(), Manifest(path).Fingerprint());
}

TEST(Manifest, IsThereWhenEmpty) {
  const TemporaryFolder folder;
  EXPECT_EQ(Manifest(WriteManifest(folder, {})).size(), 0u);
}

TEST(Manifest, IsNeverReplacedUnasked) {
  const TemporaryFolder folder;
  const std::string path = WriteManifest(folder, {SmallRow("a")});
  ManifestWriter second(path, {});
  second.Add(SmallRow("b"));
  EXPECT_FALSE(second.Commit(false));
  EXPECT_EQ(Manifest(path).At(0).id, "a");
  ManifestWriter third(path, {});
  third.Add(SmallRow("c"));
  EXPECT_TRUE(third.Commit(true));
  EXPECT_EQ(Manifest(path).At(0).id, "c");
}

TEST(Manifest, NothingAppearsBeforeCommit) {
  const TemporaryFolder folder;
  {
    ManifestWriter writer(folder.File("c.manifest.jsonl"), {});
    writer.Add(SmallRow("a"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Manifest, EveryDamagedByteIsFound) {
  const TemporaryFolder folder;
  const std::string path = WriteManifest(folder, {FullRow(), SmallRow("b"), SmallRow("c")});
  for (const std::string& file : {path, ManifestIndexPath(path)}) {
    const std::string good = ReadFile(file);
    for (size_t i = 0; i < good.size(); i += 3) {
      std::string bad = good;
      bad[i] ^= 0x10;
      std::ofstream(file, std::ios::binary) << bad;
      const bool in_header = file == path && i < good.find('\n');  // Read, but not part of any unit.
      try {
        const Manifest manifest(path);
        for (size_t k = 0; k < manifest.size(); ++k) manifest.At(k);
        EXPECT_TRUE(in_header || bad[i] == ('\n' ^ 0x10)) << file << " byte " << i;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
      }
    }
    std::ofstream(file, std::ios::binary) << good;
  }
}

TEST(Manifest, ErrorsNameFileAndLine) {
  const TemporaryFolder folder;
  const std::string path = WriteManifest(folder, {SmallRow("a"), SmallRow("b")});
  const std::string index = ManifestIndexPath(path), good = ReadFile(path);
  std::string bad = good;
  bad[bad.find("/v/b")] = 'x';
  folder.Write("c.manifest.jsonl", bad);
  ExpectError(
      ErrorKind::kBadInput, {"c.manifest.jsonl:3", "damaged or edited"}, [&] { Manifest(path).At(1); });
  folder.Write("c.manifest.jsonl", good.substr(0, good.size() - 1));
  ExpectError(ErrorKind::kBadInput, {"c.manifest.index", "bytes"}, [&] { Manifest{path}; });
  std::filesystem::remove(index);
  ExpectError(ErrorKind::kBadInput, {"c.manifest.index", "two files"}, [&] { Manifest{path}; });
  ExpectError(
      ErrorKind::kBadInput, {"no.manifest.jsonl"}, [&] { Manifest{folder.File("no.manifest.jsonl")}; });
}

TEST(Manifest, OfAnotherScanIsNotTaken) {
  const TemporaryFolder one, two;
  const std::string path = WriteManifest(one, {SmallRow("a")});
  std::filesystem::copy_file(ManifestIndexPath(WriteManifest(two, {SmallRow("b")})),
                             ManifestIndexPath(path),
                             std::filesystem::copy_options::overwrite_existing);
  ExpectError(ErrorKind::kBadInput, {"of another scan"}, [&] { Manifest{path}; });
}

TEST(OpenUnits, ManifestOrSource) {
  const TemporaryFolder folder;
  const std::string path = WriteManifest(folder, {FullRow()});
  EXPECT_EQ(OpenUnits(path)->At(0).rejected_reason, "no_people");
  folder.Write("v/x.mp4", "");
  EXPECT_EQ(OpenUnits(folder.File("v"))->At(0).id, "x.mp4");
}

// Resident memory, files of the page cache included.
long ResidentKiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

// 50,000 rows; a million with FOOTHOLD_TEST_ALL=1 (tests/bench/manifest_bench.cc shows the times).
TEST(Manifest, MemoryIsTheIndex) {
  const size_t count = std::getenv("FOOTHOLD_TEST_ALL") != nullptr ? 1'000'000 : 50'000;
  const TemporaryFolder folder;
  const std::string path = folder.File("big.manifest.jsonl");
  ManifestWriter writer(path, {});
  for (size_t i = 0; i < count; ++i) {
    ManifestRow row = FullRow();
    row.unit.id = std::to_string(10'000'000 + i);
    row.unit.cost_s = static_cast<double>(i % 1000);
    writer.Add(row);
  }
  ASSERT_TRUE(writer.Commit(false));
  const long before_KiB = ResidentKiB();
  const Manifest manifest(path);
  ASSERT_EQ(manifest.size(), count);
  double cost_s = 0;
  for (size_t i = 0; i < count; ++i) cost_s += manifest.CostOf(i);
  EXPECT_EQ(cost_s, count / 1000 * 499500.0);
  RandomStream random(1, "rows");
  for (int k = 0; k < 2000; ++k) {
    const int i = random.UniformInt(0, static_cast<int>(count) - 1);
    ASSERT_EQ(manifest.At(static_cast<size_t>(i)).id, std::to_string(10'000'000 + i));
  }
  const long index_KiB = static_cast<long>(40 * count / 1024);
  EXPECT_LT(ResidentKiB() - before_KiB, index_KiB + 8 * 1024);
}

TEST(Manifest, IsReadByThreads) {
  const TemporaryFolder folder;
  std::vector<ManifestRow> rows;
  for (int i = 0; i < 500; ++i) rows.push_back(SmallRow(std::to_string(1000 + i)));
  const Manifest manifest(WriteManifest(folder, rows));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < manifest.size(); ++i) wrong[t] += manifest.At(i).id != rows[i].unit.id;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::accumulate(wrong.begin(), wrong.end(), 0), 0);
}

}  // namespace
}  // namespace foothold
