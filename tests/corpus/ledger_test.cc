// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "foothold/base/atomic_file.h"
#include "foothold/corpus/ledger_record.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

const Unit kUnit{"a/b.mp4", "/videos/a/b.mp4", 0, -1};

LedgerOptions SlowHeartbeat() {
  LedgerOptions options;
  options.heartbeat_s = 1000;  // The tests age claims by hand.
  options.lease_heartbeats = 2;
  return options;
}

std::string ClaimPath(const TemporaryFolder& folder, int attempt) {
  return folder.File("claims/" + kUnit.Key() + "." + std::to_string(attempt));
}

// Makes a claim look as if its last heartbeat was long ago and from another host.
void Age(const std::string& path, double seconds) {
  std::ofstream(path) << "{\"process\": \"elsewhere\", \"host\": \"other\"}\n";
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  timespec times[2] = {status.st_mtim, status.st_mtim};
  times[1].tv_sec -= static_cast<time_t>(seconds);
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

LedgerRecord Failed(const std::string& reason) {
  LedgerRecord record;
  record.event = LedgerRecord::Event::kFailed;
  record.reason = reason;
  return record;
}

LedgerRecord Done() {
  LedgerRecord record;
  record.event = LedgerRecord::Event::kDone;
  record.clips_done = 2;
  return record;
}

TEST(Ledger, OneHolderAtATime) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a"), b(folder.path(), SlowHeartbeat(), "b");
  auto claim = a.TryClaim(kUnit);
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->attempt(), 1);
  EXPECT_EQ(b.TryClaim(kUnit), nullptr);
  EXPECT_EQ(a.TryClaim(kUnit), nullptr);
}

TEST(Ledger, GivenBackClaimDoesNotCount) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a");
  for (int i = 0; i < 10; ++i) {
    const auto claim = ledger.TryClaim(kUnit);
    ASSERT_NE(claim, nullptr);
    EXPECT_EQ(claim->attempt(), 1);
  }
}

TEST(Ledger, DoneIsSeenByOthersAndLaterRuns) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a"), b(folder.path(), SlowHeartbeat(), "b");
  a.TryClaim(kUnit)->Finish(Done());
  EXPECT_EQ(a.StatusOf(kUnit), Ledger::Status::kDone);
  EXPECT_EQ(a.TryClaim(kUnit), nullptr);
  EXPECT_EQ(b.StatusOf(kUnit), Ledger::Status::kOpen);
  b.Refresh();
  EXPECT_EQ(b.StatusOf(kUnit), Ledger::Status::kDone);
  const Ledger later(folder.path(), SlowHeartbeat(), "a");
  ASSERT_NE(later.FinalRecordOf(kUnit), nullptr);
  EXPECT_EQ(later.FinalRecordOf(kUnit)->clips_done, 2);
}

TEST(Ledger, OldLeaseIsTakenOverUnderTheNextAttempt) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a"), b(folder.path(), SlowHeartbeat(), "b");
  const auto lost = a.TryClaim(kUnit);
  Age(ClaimPath(folder, 1), 1999);
  EXPECT_EQ(b.TryClaim(kUnit), nullptr);
  Age(ClaimPath(folder, 1), 2001);
  const auto taken = b.TryClaim(kUnit);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->attempt(), 2);
}

// The lease is judged against a file touched now, so a file server whose clock is hours off is no harm.
TEST(Ledger, LateFinishOfTakenOverUnitIsHarmless) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a"), b(folder.path(), SlowHeartbeat(), "b");
  auto late = a.TryClaim(kUnit);
  Age(ClaimPath(folder, 1), 5000);
  b.TryClaim(kUnit)->Finish(Done());
  late->Finish(Failed("too_late"));
  const Ledger reader(folder.path(), SlowHeartbeat(), "c");
  EXPECT_EQ(reader.StatusOf(kUnit), Ledger::Status::kDone);
}

TEST(Ledger, HolderThatFinishedJustBeforeIsNotRepeated) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a"), b(folder.path(), SlowHeartbeat(), "b");
  a.TryClaim(kUnit)->Finish(Done());
  Age(ClaimPath(folder, 1), 5000);
  EXPECT_EQ(b.TryClaim(kUnit), nullptr);  // b had not refreshed since.
  EXPECT_EQ(b.StatusOf(kUnit), Ledger::Status::kDone);
}

TEST(Ledger, ThreeFailuresQuarantineWithTheReason) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    auto claim = ledger.TryClaim(kUnit);
    ASSERT_NE(claim, nullptr);
    EXPECT_EQ(claim->attempt(), attempt);
    claim->Finish(Failed("reason_" + std::to_string(attempt)));
  }
  EXPECT_EQ(ledger.TryClaim(kUnit), nullptr);
  EXPECT_EQ(ledger.StatusOf(kUnit), Ledger::Status::kQuarantined);
  LedgerRecord record;
  ASSERT_TRUE(ParseRecord(ReadFile(folder.File("quarantine/" + kUnit.Key() + ".json")), &record));
  EXPECT_EQ(record.reason, "reason_3");
  EXPECT_EQ(record.unit_id, kUnit.id);
}

TEST(Ledger, ThreeDeathsQuarantine) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a");
  std::vector<std::unique_ptr<Ledger::Claim>> lost;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    lost.push_back(ledger.TryClaim(kUnit));
    ASSERT_NE(lost.back(), nullptr);
    Age(ClaimPath(folder, attempt), 5000);
  }
  EXPECT_EQ(ledger.TryClaim(kUnit), nullptr);
  EXPECT_EQ(ledger.StatusOf(kUnit), Ledger::Status::kQuarantined);
  EXPECT_NE(ReadFile(folder.File("quarantine/" + kUnit.Key() + ".json")).find("process_died"),
            std::string::npos);
}

TEST(Ledger, RejectionIsFinalUntilLifted) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a");
  LedgerRecord rejected = Failed("video_empty");
  rejected.event = LedgerRecord::Event::kRejected;
  ledger.TryClaim(kUnit)->Finish(rejected);
  EXPECT_EQ(ledger.StatusOf(kUnit), Ledger::Status::kRejected);
  EXPECT_EQ(ledger.TryClaim(kUnit), nullptr);
  EXPECT_EQ(ledger.LiftQuarantine(), 1);
  EXPECT_EQ(ledger.StatusOf(kUnit), Ledger::Status::kOpen);
  EXPECT_EQ(ledger.LiftQuarantine(), 0);
  auto claim = ledger.TryClaim(kUnit);
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->attempt(), 2);
  claim->Finish(Done());
  EXPECT_EQ(ledger.StatusOf(kUnit), Ledger::Status::kDone);
}

TEST(Ledger, LiftedQuarantineGetsAllAttemptsAgain) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a");
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) ledger.TryClaim(kUnit)->Finish(Failed("broken"));
    EXPECT_EQ(ledger.TryClaim(kUnit), nullptr);
    EXPECT_EQ(ledger.StatusOf(kUnit), Ledger::Status::kQuarantined);
    EXPECT_EQ(ledger.LiftQuarantine(), 1);
    EXPECT_EQ(ledger.StatusOf(kUnit), Ledger::Status::kOpen);
  }
}

TEST(Ledger, HeartbeatKeepsALeaseAlive) {
  const TemporaryFolder folder;
  LedgerOptions options;
  options.heartbeat_s = 0.01;
  options.lease_heartbeats = 1000;
  Ledger a(folder.path(), options, "a"), b(folder.path(), options, "b");
  const auto claim = a.TryClaim(kUnit);
  Age(ClaimPath(folder, 1), 5000);
  const auto recently = fs::file_time_type::clock::now() - std::chrono::seconds(1000);
  // Only a heartbeat makes the claim young again; ctest's timeout ends a wait in vain.
  while (fs::last_write_time(ClaimPath(folder, 1)) < recently) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(b.TryClaim(kUnit), nullptr);
}

TEST(Ledger, TruncatedLastLineWaitsAndDamagedLinesAreSkipped) {
  const TemporaryFolder folder;
  Ledger reader(folder.path(), SlowHeartbeat(), "reader");
  LedgerRecord record = Done();
  record.unit_key = kUnit.Key();
  record.unit_id = kUnit.id;
  record.attempt = 1;
  const std::string line = FormatRecord(record);
  const std::string path =
      folder.Write("records/other.jsonl", "not json\n{\"event\": \"done\"}\n\n" + line.substr(0, 20));
  reader.Refresh();
  EXPECT_EQ(reader.StatusOf(kUnit), Ledger::Status::kOpen);
  std::ofstream(path, std::ios::app) << line.substr(20);
  reader.Refresh();
  EXPECT_EQ(reader.StatusOf(kUnit), Ledger::Status::kOpen);
  std::ofstream(path, std::ios::app) << "\n";
  reader.Refresh();
  EXPECT_EQ(reader.StatusOf(kUnit), Ledger::Status::kDone);
}

TEST(Ledger, RecordsReadBack) {
  LedgerRecord record = Failed("a\"b\n");
  record.unit_key = "k";
  record.unit_id = "i";
  record.attempt = 3;
  record.message = "bad byte \xff";
  record.clips_rejected = 4;
  record.frames = 5;
  record.seconds = 0.125;
  const std::string line = FormatRecord(record);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  LedgerRecord read;
  ASSERT_TRUE(ParseRecord(line, &read));
  EXPECT_EQ(read.reason, record.reason);
  EXPECT_EQ(read.attempt, 3);
  EXPECT_EQ(read.clips_rejected, 4);
  EXPECT_EQ(read.frames, 5);
  EXPECT_EQ(read.seconds, 0.125);
  EXPECT_FALSE(ParseRecord("[1]", &read));
  EXPECT_FALSE(ParseRecord("{\"event\": 3}", &read));
}

TEST(Ledger, OtherOptionsAreRefused) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a");
  ledger.RequireSameOptions("[josh]\na = 1\n");
  ledger.RequireSameOptions("[josh]\na = 1\n");
  ExpectError(ErrorKind::kUsage, {"options.conf", "another --output"}, [&] {
    ledger.RequireSameOptions("[josh]\na = 2\n");
  });
}

TEST(Ledger, UnwritableFolderIsAStorageError) {
  ExpectError(ErrorKind::kStorage, {"/proc/ledger"}, [] { Ledger("/proc/ledger", SlowHeartbeat(), "a"); });
}

TEST(UnitQueue, EveryUnitOnceFromDifferentStarts) {
  const TemporaryFolder folder;
  Corpus corpus;
  for (int i = 0; i < 10; ++i) corpus.units.push_back({"u" + std::to_string(i), "", 0, -1});
  Ledger a(folder.path(), SlowHeartbeat(), "a"), b(folder.path(), SlowHeartbeat(), "b");
  UnitQueue first(corpus, &a, 0, 2), second(corpus, &b, 1, 2);
  auto claim_a = first.Next(), claim_b = second.Next();
  ASSERT_TRUE(claim_a != nullptr && claim_b != nullptr);
  EXPECT_EQ(claim_a->unit().id, "u0");
  EXPECT_EQ(claim_b->unit().id, "u5");
  claim_a->Finish(Done());
  std::map<std::string, int> counts = {{"u0", 1}};
  while (auto claim = first.Next()) {
    ++counts[claim->unit().id];
    claim->Finish(Done());
  }
  EXPECT_EQ(counts.size(), 9u);
  EXPECT_FALSE(first.all_finished());  // u5 is busy.
  EXPECT_EQ(second.Next(), nullptr);
  claim_b->Finish(Done());
  EXPECT_EQ(first.Next(), nullptr);
  EXPECT_TRUE(first.all_finished());
  EXPECT_EQ(second.Next(), nullptr);
  EXPECT_TRUE(second.all_finished());
  EXPECT_TRUE(UnitQueue(corpus, &a, 0, 1).all_finished());
}

}  // namespace
}  // namespace foothold
