// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger_state.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/base/hash.h"
#include "foothold/base/random.h"
#include "foothold/corpus/ledger_snapshot.h"

namespace foothold {
namespace {

using Event = LedgerRecord::Event;

struct Entry {
  size_t index;
  RecordHead head;
};

std::vector<Entry> RandomEntries(size_t num_units, int count) {
  RandomStream random(3, "ledger_state");
  std::vector<Entry> entries;
  for (int i = 0; i < count; ++i) {
    RecordHead head;
    head.event = static_cast<Event>(random.UniformInt(0, 4));
    head.attempt = random.UniformInt(1, 4);
    head.partly = random.UniformInt(0, 3) == 0;
    entries.push_back({static_cast<size_t>(random.UniformInt(0, static_cast<int>(num_units) - 1)), head});
  }
  return entries;
}

LedgerState StateOf(size_t num_units, const std::vector<Entry>& entries) {
  LedgerState state(num_units);
  for (const Entry& entry : entries) state.Add(entry.index, entry.head);
  return state;
}

void ExpectSame(const LedgerState& a, const LedgerState& b) {
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a.HistoryOf(i), b.HistoryOf(i)) << i;
  for (int s = 0; s < 5; ++s) {
    EXPECT_EQ(a.Count(static_cast<UnitStatus>(s)), b.Count(static_cast<UnitStatus>(s))) << s;
  }
}

TEST(LedgerState, OrderAndRepetitionOfRecordsDoNotMatter) {
  std::vector<Entry> entries = RandomEntries(50, 200);
  const LedgerState expected = StateOf(50, entries);
  std::reverse(entries.begin(), entries.end());
  entries.insert(entries.end(), entries.begin(), entries.begin() + 70);
  ExpectSame(StateOf(50, entries), expected);
}

TEST(LedgerState, CountsAreThoseOfTheStatuses) {
  const LedgerState state = StateOf(50, RandomEntries(50, 120));
  size_t counts[5] = {};
  for (size_t i = 0; i < 50; ++i) ++counts[static_cast<size_t>(state.StatusOf(i))];
  for (int s = 0; s < 5; ++s) EXPECT_EQ(state.Count(static_cast<UnitStatus>(s)), counts[s]) << s;
  EXPECT_FALSE(state.all_finished());
}

TEST(LedgerState, FinishedCountsOnlyAfterTheLastReopening) {
  LedgerState state(1);
  state.Add(0, {Event::kDone, 0, 2, false});
  EXPECT_EQ(state.StatusOf(0), UnitStatus::kDone);
  state.Add(0, {Event::kReopened, 0, 2, false});
  EXPECT_EQ(state.StatusOf(0), UnitStatus::kOpen);
  state.Add(0, {Event::kQuarantined, 0, 5, false});
  EXPECT_EQ(state.StatusOf(0), UnitStatus::kQuarantined);
  state.Add(0, {Event::kDone, 0, 3, true});  // One that was taken for dead.
  EXPECT_EQ(state.StatusOf(0), UnitStatus::kPartly);
}

TEST(LedgerState, NewsOfAUnitRemoveItsMark) {
  LedgerState state(2);
  state.Mark(0);
  state.Mark(1);
  state.Add(0, {Event::kFailed, 0, 1, false});
  EXPECT_FALSE(state.IsMarked(0));
  EXPECT_TRUE(state.IsMarked(1));
}

TEST(LedgerSnapshot, ReadsBack) {
  const LedgerState state = StateOf(300, RandomEntries(300, 400));
  const RecordOffsets offsets = {{"a b.jsonl", 17}, {"c.jsonl", 0}};
  const std::string text = LedgerSnapshot::Format(state, offsets, "hash");
  LedgerState read(300);
  RecordOffsets read_offsets = {{"a b.jsonl", 20}};
  ASSERT_TRUE(LedgerSnapshot::Parse(text, "hash", &read, &read_offsets)) << text;
  ExpectSame(read, state);
  EXPECT_EQ(read_offsets, (RecordOffsets{{"a b.jsonl", 20}, {"c.jsonl", 0}}));
}

TEST(LedgerSnapshot, DamagedOrForeignOnesAreIgnoredWhole) {
  const LedgerState state = StateOf(60, RandomEntries(60, 40));
  const std::string text = LedgerSnapshot::Format(state, {{"a", 1}}, "hash");
  const auto expect_ignored = [](const std::string& bad, size_t num_units, const std::string& units) {
    LedgerState read(num_units);
    RecordOffsets offsets;
    EXPECT_FALSE(LedgerSnapshot::Parse(bad, units, &read, &offsets));
    EXPECT_EQ(read.Count(UnitStatus::kOpen), num_units);
    EXPECT_TRUE(offsets.empty());
  };
  expect_ignored(text, 60, "other");
  expect_ignored(text, 61, "hash");
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 2);
    expect_ignored(damaged, 60, "hash");
    expect_ignored(text.substr(0, i), 60, "hash");
  }
}

TEST(LedgerSnapshot, AMillionFinishedUnitsAreOneRun) {
  LedgerState state(1000000);
  for (size_t i = 0; i < state.size(); ++i) state.Add(i, {Event::kDone, 0, 1, false});
  EXPECT_LT(LedgerSnapshot::Format(state, {}, "hash").size(), 200u);
}

}  // namespace
}  // namespace foothold
