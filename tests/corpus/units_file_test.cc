// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/units_file.h"

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

Corpus SomeUnits() {
  Corpus corpus;
  corpus.units = {{"a/b.mp4", "/videos/a b\".mp4", 3, 90},
                  {"\xff.mp4", "/videos/\xff.mp4", 0, -1},
                  {"\xc3\xa4.mp4", "/videos/\xc3\xa4.mp4", 0, -1}};
  corpus.units[0].cost_s = 12.5;
  corpus.units[0].priority = -2;
  corpus.units[2].kind = Unit::Kind::kJoin;
  corpus.units[2].num_parts = 1;
  return corpus;
}

TEST(UnitsFile, ReadsBackAlsoPathsThatAreNotUtf8) {
  const TemporaryFolder folder;
  const Corpus corpus = SomeUnits();
  RememberUnits(folder.path(), UnitsInMemory(corpus), "hash");
  const UnitsFile file(LatestUnitsFile(folder.path()));
  ASSERT_EQ(file.size(), corpus.units.size());
  EXPECT_EQ(file.Fingerprint(), "hash");
  for (size_t i = 0; i < corpus.units.size(); ++i) {
    const Unit unit = file.At(i), &expected = corpus.units[i];
    EXPECT_EQ(unit.id, expected.id);
    EXPECT_EQ(unit.path, expected.path);
    EXPECT_EQ(unit.begin, expected.begin);
    EXPECT_EQ(unit.end, expected.end);
    EXPECT_EQ(unit.kind, expected.kind);
    EXPECT_EQ(unit.num_parts, expected.num_parts);
    EXPECT_EQ(file.CostOf(i), expected.cost_s);
    EXPECT_EQ(file.PriorityOf(i), expected.priority);
  }
}

TEST(UnitsFile, TheLastUsedListIsThatOfTheRun) {
  const TemporaryFolder folder;
  const UnitsInMemory units(SomeUnits());
  RememberUnits(folder.path(), units, "first");
  RememberUnits(folder.path(), units, "second");
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(2);
  fs::last_write_time(folder.File("units/first.jsonl"), old);
  fs::last_write_time(folder.File("units/second.jsonl"), old + std::chrono::hours(1));
  EXPECT_EQ(LatestUnitsFile(folder.path()), folder.File("units/second.jsonl"));
  RememberUnits(folder.path(), units, "first");
  EXPECT_EQ(LatestUnitsFile(folder.path()), folder.File("units/first.jsonl"));
}

TEST(UnitsFile, DamageIsNamed) {
  const TemporaryFolder folder;
  ExpectError(ErrorKind::kBadInput, {folder.path(), "--output"}, [&] { LatestUnitsFile(folder.path()); });
  const std::string path = folder.Write("u.jsonl", "{\"id\": 3}\n");
  ExpectError(ErrorKind::kBadInput, {path + ":1"}, [&] { UnitsFile(path).At(0); });
  const std::string cut = folder.Write("cut.jsonl", "{\"id\"");
  ExpectError(ErrorKind::kBadInput, {cut, "cut off"}, [&] { UnitsFile file(cut); });
}

}  // namespace
}  // namespace foothold
