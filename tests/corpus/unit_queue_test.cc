// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/unit_queue.h"

#include <map>

#include "foothold/corpus/run_check.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

using Event = LedgerRecord::Event;

LedgerOptions Options() {
  LedgerOptions options;
  options.heartbeat_s = 1000;
  return options;
}

RunUnits UnitsOf(std::vector<Unit> units) {
  return MakeRunUnits(std::make_shared<UnitsInMemory>(Corpus{std::move(units)}));
}

Unit Video(const std::string& id, double cost_s = 1, int priority = 0) {
  Unit unit;
  unit.id = id;
  unit.cost_s = cost_s;
  unit.priority = priority;
  return unit;
}

LedgerRecord With(Event event) {
  LedgerRecord record;
  record.event = event;
  return record;
}

std::string IdOf(const std::unique_ptr<Ledger::Claim>& claim) {
  return claim == nullptr ? "" : claim->unit().id;
}

TEST(UnitQueue, PriorityThenLargestFirst) {
  const TemporaryFolder folder;
  Ledger ledger(
      folder.path(),
      Options(),
      "a",
      UnitsOf({Video("small", 1), Video("urgent", 2, 5), Video("large", 100), Video("middle", 10)}));
  UnitQueue queue(&ledger, 0, 1);
  for (const std::string expected : {"urgent", "large", "middle", "small"}) {
    auto claim = queue.Next();
    EXPECT_EQ(IdOf(claim), expected);
    claim->Finish(With(Event::kDone));
  }
  EXPECT_EQ(queue.Next(), nullptr);
  EXPECT_TRUE(queue.all_finished());
}

TEST(UnitQueue, SharesAreDealtThereAndBack) {
  std::vector<Unit> units;
  for (int i = 0; i < 7; ++i) units.push_back(Video("u" + std::to_string(i), 100 - i));
  const RunUnits run = UnitsOf(units);
  const TemporaryFolder folder;
  const std::vector<std::vector<std::string>> expected = {{"u0", "u5", "u6"}, {"u1", "u4"}, {"u2", "u3"}};
  for (int rank = 0; rank < 3; ++rank) {
    Ledger ledger(folder.File(std::to_string(rank)), Options(), "a", run);
    UnitQueue queue(&ledger, rank, 3);
    for (const std::string& id : expected[rank]) {
      auto claim = queue.Next();
      EXPECT_EQ(IdOf(claim), id);
      claim->Finish(With(Event::kDone));
    }
  }
}

TEST(UnitQueue, ShareThenTheftEachUnitOnce) {
  const TemporaryFolder folder;
  std::vector<Unit> units;
  for (int i = 0; i < 10; ++i) units.push_back(Video("u" + std::to_string(i)));
  const RunUnits run = UnitsOf(units);
  Ledger a(folder.path(), Options(), "a", run), b(folder.path(), Options(), "b", run);
  UnitQueue first(&a, 0, 2), second(&b, 1, 2);
  auto claim_a = first.Next(), claim_b = second.Next();
  EXPECT_EQ(IdOf(claim_a), "u0");
  EXPECT_EQ(IdOf(claim_b), "u1");
  claim_a->Finish(With(Event::kDone));
  std::map<std::string, int> counts = {{"u0", 1}};
  while (auto claim = first.Next()) {
    ++counts[claim->unit().id];
    claim->Finish(With(Event::kDone));
  }
  EXPECT_EQ(counts.size(), 9u);
  EXPECT_FALSE(first.all_finished());  // u1 is busy.
  EXPECT_EQ(second.Next(), nullptr);
  claim_b->Finish(With(Event::kDone));
  EXPECT_EQ(first.Next(), nullptr);
  EXPECT_TRUE(first.all_finished());
  EXPECT_TRUE(second.all_finished());
}

// Two jobs on one run by mistake, or for more speed: the same ranks of both have the same share.
TEST(UnitQueue, TwoJobsShareOneRun) {
  const TemporaryFolder folder;
  std::vector<Unit> units;
  for (int i = 0; i < 20; ++i) units.push_back(Video("u" + std::to_string(i)));
  const RunUnits run = UnitsOf(units);
  Ledger a(folder.path(), Options(), "job1-r0", run), b(folder.path(), Options(), "job2-r0", run);
  UnitQueue first(&a, 0, 1), second(&b, 0, 1);
  std::map<std::string, int> counts;
  for (int i = 0; i < 10; ++i) {
    auto claim_a = first.Next(), claim_b = second.Next();
    ASSERT_TRUE(claim_a != nullptr && claim_b != nullptr);
    ++counts[IdOf(claim_a)];
    ++counts[IdOf(claim_b)];
    claim_a->Finish(With(Event::kDone));
    claim_b->Finish(With(Event::kDone));
  }
  EXPECT_EQ(counts.size(), 20u);
  EXPECT_EQ(first.Next(), nullptr);
  EXPECT_EQ(second.Next(), nullptr);
  EXPECT_TRUE(first.all_finished() && second.all_finished());
}

TEST(UnitQueue, FailedUnitIsTriedAgainByAnyRank) {
  const TemporaryFolder folder;
  const RunUnits run = UnitsOf({Video("u")});
  Ledger a(folder.path(), Options(), "a", run), b(folder.path(), Options(), "b", run);
  UnitQueue first(&a, 0, 2), second(&b, 1, 2);
  first.Next()->Finish(With(Event::kFailed));
  auto claim = second.Next();
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->attempt(), 2);
  claim->Finish(With(Event::kFailed));
  claim = first.Next();
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->attempt(), 3);
  claim->Finish(With(Event::kFailed));
  EXPECT_EQ(first.Next(), nullptr);
  EXPECT_EQ(a.state().StatusOf(0), UnitStatus::kQuarantined);
}

std::vector<Unit> LongVideo(int parts) {
  std::vector<Unit> units = {Video("a")};
  for (int i = 0; i < parts; ++i) {
    units.push_back(Video("long#" + std::to_string(i), 50));
    units.back().kind = Unit::Kind::kPart;
  }
  units.push_back(Video("long", 500));
  units.back().kind = Unit::Kind::kJoin;
  units.back().num_parts = parts;
  return units;
}

TEST(UnitQueue, JoinOpensWhenItsPartsAreFinishedAndIsToldWhatIsMissing) {
  const TemporaryFolder folder;
  const RunUnits run = UnitsOf(LongVideo(3));
  Ledger a(folder.path(), Options(), "a", run), b(folder.path(), Options(), "b", run);
  UnitQueue first(&a, 0, 1), second(&b, 0, 1);
  auto part0 = first.Next(), part1 = first.Next(), part2 = second.Next();
  EXPECT_EQ(IdOf(part0), "long#0");
  EXPECT_EQ(IdOf(part1), "long#1");
  EXPECT_EQ(IdOf(part2), "long#2");
  part0->Finish(With(Event::kDone));
  part1->Finish(With(Event::kRejected));
  auto small = second.Next();
  EXPECT_EQ(IdOf(small), "a");
  EXPECT_EQ(first.Next(), nullptr);
  part2->Finish(With(Event::kDone));
  auto join = first.Next();
  ASSERT_EQ(IdOf(join), "long");
  EXPECT_EQ(join->unit().missing_parts, std::vector<int>{1});
  EXPECT_EQ(second.Next(), nullptr);
  join->Finish(With(Event::kDone));
  small->Finish(With(Event::kDone));
  EXPECT_EQ(second.Next(), nullptr);
  EXPECT_TRUE(second.all_finished());
}

TEST(UnitQueue, ReopenedPartReopensItsJoin) {
  const RunUnits run = UnitsOf(LongVideo(3));  // a, parts 1 to 3, join 4
  EXPECT_EQ(WithTheirJoins(*run.list, *run.index, {2, 2, 0}), (std::vector<size_t>{0, 2, 4}));
  EXPECT_EQ(WithTheirJoins(*run.list, *run.index, {0}), std::vector<size_t>{0});
}

TEST(UnitIndex, JoinWithMorePartsThanUnitsIsRefused) {
  std::vector<Unit> units = LongVideo(1);
  units.back().num_parts = 3;
  ExpectError(ErrorKind::kBadInput, {"'long'", "3 parts"}, [&] { UnitsOf(units); });
}

TEST(UnitIndex, EqualIdsAreRefused) {
  ExpectError(ErrorKind::kBadInput, {"'u'", "rename"}, [] { UnitsOf({Video("u"), Video("u")}); });
}

}  // namespace
}  // namespace foothold
