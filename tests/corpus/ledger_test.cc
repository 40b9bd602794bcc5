// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "corpus_simulation/memory_files.h"
#include "foothold/base/atomic_file.h"
#include "foothold/base/log.h"
#include "foothold/corpus/ledger_record.h"
#include "foothold/corpus/quarantine_report.h"
#include "foothold/corpus/unit_queue.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

const Unit kUnit{"a/b.mp4", "/videos/a/b.mp4", 0, -1};

RunUnits UnitsOf(std::vector<Unit> units) {
  return MakeRunUnits(std::make_shared<UnitsInMemory>(Corpus{std::move(units)}));
}

const RunUnits& OneUnit() {
  static const RunUnits units = UnitsOf({kUnit});
  return units;
}

UnitStatus StatusIn(const Ledger& ledger) { return ledger.state().StatusOf(0); }

std::unique_ptr<Ledger::Claim> Claim(Ledger* ledger) { return ledger->TryClaim(0, Ledger::Effort::kIfLost); }

LedgerOptions SlowHeartbeat() {
  LedgerOptions options;
  options.heartbeat_s = 1000;  // The tests age claims by hand.
  options.lease_heartbeats = 2;
  return options;
}

std::string ClaimPath(const TemporaryFolder& folder, int attempt) {
  const std::string name = UnitIndex::FolderName(UnitIndex::FolderOf(UnitHash(kUnit.id)));
  return folder.File("claims/" + name + "/" + kUnit.Key() + "." + std::to_string(attempt));
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

QuarantineReport ReportOf(const TemporaryFolder& folder) {
  const std::string path = folder.File("quarantine/" + kUnit.Key() + ".json");
  return QuarantineReport::Parse(ReadFile(path), path);
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
  Ledger a(folder.path(), SlowHeartbeat(), "a", OneUnit()), b(folder.path(), SlowHeartbeat(), "b", OneUnit());
  auto claim = Claim(&a);
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->attempt(), 1);
  EXPECT_EQ(Claim(&b), nullptr);
  EXPECT_EQ(Claim(&a), nullptr);
}

TEST(Ledger, GivenBackClaimDoesNotCount) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  for (int i = 0; i < 10; ++i) {
    const auto claim = Claim(&ledger);
    ASSERT_NE(claim, nullptr);
    EXPECT_EQ(claim->attempt(), 1);
  }
}

TEST(Ledger, DoneIsSeenByOthersAndLaterRuns) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a", OneUnit()), b(folder.path(), SlowHeartbeat(), "b", OneUnit());
  Claim(&a)->Finish(Done());
  EXPECT_EQ(StatusIn(a), UnitStatus::kDone);
  EXPECT_EQ(Claim(&a), nullptr);
  EXPECT_EQ(StatusIn(b), UnitStatus::kOpen);
  b.Refresh();
  EXPECT_EQ(StatusIn(b), UnitStatus::kDone);
  const Ledger later(folder.path(), SlowHeartbeat(), "a", OneUnit());
  EXPECT_EQ(StatusIn(later), UnitStatus::kDone);
}

TEST(Ledger, OldLeaseIsTakenOverUnderTheNextAttempt) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a", OneUnit()), b(folder.path(), SlowHeartbeat(), "b", OneUnit());
  const auto lost = Claim(&a);
  Age(ClaimPath(folder, 1), 1999);
  EXPECT_EQ(Claim(&b), nullptr);
  Age(ClaimPath(folder, 1), 2001);
  const auto taken = Claim(&b);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->attempt(), 2);
}

// The lease is judged against a file touched now, so a file server whose clock is hours off is no harm.
TEST(Ledger, LateFinishOfTakenOverUnitIsHarmless) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a", OneUnit()), b(folder.path(), SlowHeartbeat(), "b", OneUnit());
  auto late = Claim(&a);
  Age(ClaimPath(folder, 1), 5000);
  Claim(&b)->Finish(Done());
  late->Finish(Failed("too_late"));
  const Ledger reader(folder.path(), SlowHeartbeat(), "c", OneUnit());
  EXPECT_EQ(StatusIn(reader), UnitStatus::kDone);
}

TEST(Ledger, HolderThatFinishedBeforeItsLeaseEndedIsNotRepeated) {
  const auto files = std::make_shared<MemoryFiles>();
  Ledger a("", SlowHeartbeat(), "a", OneUnit(), files), b("", SlowHeartbeat(), "b", OneUnit(), files);
  files->now_s = 1;
  Claim(&a)->Finish(Done());
  files->now_s = 5000;
  EXPECT_EQ(Claim(&b), nullptr);  // b had not read since.
  EXPECT_EQ(StatusIn(b), UnitStatus::kDone);
}

TEST(Ledger, ThreeFailuresQuarantineWithTheReason) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  ledger.SetReproducer([](const Unit& unit) { return "foothold label " + unit.path; });
  for (int attempt = 1; attempt <= 3; ++attempt) {
    auto claim = Claim(&ledger);
    ASSERT_NE(claim, nullptr);
    EXPECT_EQ(claim->attempt(), attempt);
    LogInfo("working on attempt " + std::to_string(attempt));
    claim->Finish(Failed("reason_" + std::to_string(attempt)));
  }
  EXPECT_EQ(Claim(&ledger), nullptr);
  EXPECT_EQ(StatusIn(ledger), UnitStatus::kQuarantined);
  const QuarantineReport report = ReportOf(folder);
  EXPECT_EQ(report.reason, "reason_3");
  EXPECT_EQ(report.unit.id, kUnit.id);
  ASSERT_EQ(report.attempts.size(), 3u);
  EXPECT_EQ(report.attempts[0].reason, "reason_1");
  EXPECT_EQ(report.attempts[2].host, HostName());
  EXPECT_EQ(report.reproduce, "foothold label " + kUnit.path);
  ASSERT_FALSE(report.log.empty());
  EXPECT_NE(report.log.back().find("working on attempt 3"), std::string::npos);
}

TEST(Ledger, ThreeDeathsQuarantine) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  std::vector<std::unique_ptr<Ledger::Claim>> lost;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    lost.push_back(Claim(&ledger));
    ASSERT_NE(lost.back(), nullptr);
    Age(ClaimPath(folder, attempt), 5000);
  }
  EXPECT_EQ(Claim(&ledger), nullptr);
  EXPECT_EQ(StatusIn(ledger), UnitStatus::kQuarantined);
  EXPECT_EQ(ReportOf(folder).reason, "process_died");
  EXPECT_EQ(ReportOf(folder).attempts[1].host, "other");
}

TEST(Ledger, RejectionIsFinalUntilLifted) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  LedgerRecord rejected = Failed("video_empty");
  rejected.event = LedgerRecord::Event::kRejected;
  Claim(&ledger)->Finish(rejected);
  EXPECT_EQ(StatusIn(ledger), UnitStatus::kRejected);
  EXPECT_EQ(Claim(&ledger), nullptr);
  ledger.Reopen({0}, "test");
  EXPECT_EQ(StatusIn(ledger), UnitStatus::kOpen);
  auto claim = Claim(&ledger);
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->attempt(), 2);
  claim->Finish(Done());
  EXPECT_EQ(StatusIn(ledger), UnitStatus::kDone);
}

TEST(Ledger, LiftedQuarantineGetsAllAttemptsAgain) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) Claim(&ledger)->Finish(Failed("broken"));
    EXPECT_EQ(Claim(&ledger), nullptr);
    EXPECT_EQ(StatusIn(ledger), UnitStatus::kQuarantined);
    ledger.Reopen({0}, "test");
    EXPECT_EQ(StatusIn(ledger), UnitStatus::kOpen);
    EXPECT_FALSE(fs::exists(folder.File("quarantine/" + kUnit.Key() + ".json")));
  }
}

TEST(Ledger, HeartbeatKeepsALeaseAlive) {
  const TemporaryFolder folder;
  LedgerOptions options;
  options.heartbeat_s = 0.01;
  options.lease_heartbeats = 1000;
  Ledger a(folder.path(), options, "a", OneUnit()), b(folder.path(), options, "b", OneUnit());
  const auto claim = Claim(&a);
  Age(ClaimPath(folder, 1), 5000);
  const auto recently = fs::file_time_type::clock::now() - std::chrono::seconds(1000);
  // Only a heartbeat makes the claim young again; ctest's timeout ends a wait in vain.
  while (fs::last_write_time(ClaimPath(folder, 1)) < recently) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(Claim(&b), nullptr);
}

TEST(Ledger, TruncatedLastLineWaitsAndDamagedLinesAreSkipped) {
  const TemporaryFolder folder;
  Ledger reader(folder.path(), SlowHeartbeat(), "reader", OneUnit());
  LedgerRecord record = Done();
  record.unit_key = kUnit.Key();
  record.unit_id = kUnit.id;
  record.attempt = 1;
  const std::string line = FormatRecord(record);
  const std::string path =
      folder.Write("records/other.jsonl", "not json\n{\"event\": \"done\"}\n\n" + line.substr(0, 20));
  reader.Refresh();
  EXPECT_EQ(StatusIn(reader), UnitStatus::kOpen);
  std::ofstream(path, std::ios::app) << line.substr(20);
  reader.Refresh();
  EXPECT_EQ(StatusIn(reader), UnitStatus::kOpen);
  std::ofstream(path, std::ios::app) << "\n";
  reader.Refresh();
  EXPECT_EQ(StatusIn(reader), UnitStatus::kDone);
}

TEST(Ledger, RecordsReadBack) {
  LedgerRecord record = Failed("a\"b\n");
  record.unit_key = kUnit.Key();
  record.unit_id = kUnit.id;
  record.attempt = 3;
  record.message = "bad byte \xff";
  record.clips_rejected = 4;
  record.frames = 5;
  record.seconds = 0.125;
  record.labels = {{"a/b.mp4/b.h5", 5, 1234567890123, "00112233445566778899aabbccddeeff"}};
  const std::string line = FormatRecord(record);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  LedgerRecord read;
  ASSERT_TRUE(ParseRecord(line, &read));
  EXPECT_EQ(read.reason, record.reason);
  EXPECT_EQ(read.attempt, 3);
  EXPECT_EQ(read.clips_rejected, 4);
  EXPECT_EQ(read.frames, 5);
  EXPECT_EQ(read.seconds, 0.125);
  EXPECT_EQ(read.labels, record.labels);
  EXPECT_EQ(read.message, "bad byte \xef\xbf\xbd");
  RecordHead head;
  ASSERT_TRUE(ParseRecordHead(line, &head));
  EXPECT_EQ(head.event, LedgerRecord::Event::kFailed);
  EXPECT_EQ(head.unit_hash, UnitHash(kUnit.id));
  EXPECT_EQ(head.attempt, 3);
  EXPECT_TRUE(head.partly);
  for (const std::string& bad : {std::string("[1]"), std::string("{\"event\": 3}"), std::string()}) {
    EXPECT_FALSE(ParseRecord(bad, &read));
    EXPECT_FALSE(ParseRecord(WithSum(bad), &read)) << bad;
  }
  // What only somebody who makes sums can write (found by fuzz_ledgerrecord): a number that no integer holds,
  // a name that is given twice.
  const std::string json = line.substr(0, line.rfind(",\"sum\"")) + "}";
  ASSERT_EQ(WithSum(json), line);
  const auto with = [&](const std::string& old, const std::string& now) {
    std::string changed = json;
    return WithSum(changed.replace(changed.find(old), old.size(), now));
  };
  EXPECT_TRUE(ParseRecord(with("\"frames\":5", "\"frames\":6"), &read));
  EXPECT_FALSE(ParseRecord(with("\"frames\":5", "\"frames\":2222222220000000000000"), &read));
  EXPECT_FALSE(ParseRecord(with("\"frames\":5", "\"frames\":5,\"unit\":\"son\""), &read));
  for (size_t i = 0; i < line.size(); ++i) {
    std::string damaged = line;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(ParseRecordHead(damaged, &head)) << i;
    EXPECT_FALSE(ParseRecordHead(line.substr(0, i), &head)) << i;
  }
}

TEST(Ledger, OtherOptionsAreRefused) {
  const TemporaryFolder folder;
  Ledger ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  ledger.RequireSameOptions("[josh]\na = 1\n");
  ledger.RequireSameOptions("[josh]\na = 1\n");
  ExpectError(ErrorKind::kUsage, {"options.conf", "another --output"}, [&] {
    ledger.RequireSameOptions("[josh]\na = 2\n");
  });
}

TEST(Ledger, LedgerOfAnEarlierVersionIsRefused) {
  const TemporaryFolder folder;
  folder.Write("options.conf", "");
  ExpectError(ErrorKind::kUsage, {folder.path(), "0.2 or older", "--output"}, [&] {
    Ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  });
  folder.Write("format", "foothold-ledger 3\n");
  ExpectError(ErrorKind::kUsage, {"foothold-ledger 3"}, [&] {
    Ledger(folder.path(), SlowHeartbeat(), "a", OneUnit());
  });
}

TEST(Ledger, ReopenedDoneUnitIsDoneAgain) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a", OneUnit());
  Claim(&a)->Finish(Done());
  Ledger b(folder.path(), SlowHeartbeat(), "b", OneUnit());
  b.Reopen({0}, "repair");
  EXPECT_EQ(StatusIn(b), UnitStatus::kOpen);
  a.Refresh();
  EXPECT_EQ(StatusIn(a), UnitStatus::kOpen);
  auto claim = Claim(&a);
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->attempt(), 2);
  claim->Finish(Done());
  EXPECT_EQ(StatusIn(a), UnitStatus::kDone);
}

TEST(Ledger, DeletedClaimIsNoHarm) {
  const TemporaryFolder folder;
  Ledger a(folder.path(), SlowHeartbeat(), "a", OneUnit()), b(folder.path(), SlowHeartbeat(), "b", OneUnit());
  auto claim = Claim(&a);
  fs::remove(ClaimPath(folder, 1));
  auto second = Claim(&b);  // Works on the same: labels are made once all the same.
  ASSERT_NE(second, nullptr);
  claim->Finish(Done());
  second->Finish(Done());
  EXPECT_EQ(StatusIn(Ledger(folder.path(), SlowHeartbeat(), "c", OneUnit())), UnitStatus::kDone);
}

TEST(Ledger, UnwritableFolderIsAStorageError) {
  ExpectError(
      ErrorKind::kStorage, {"/proc/ledger"}, [] { Ledger("/proc/ledger", SlowHeartbeat(), "a", OneUnit()); });
}

}  // namespace
}  // namespace foothold
