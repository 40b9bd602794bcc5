// SPDX-License-Identifier: Apache-2.0
// Records, snapshots and unit lists of a ledger. A line or file as it is would nearly always fail at its
// checksum, so the same bytes are also tried with a good one.
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/corpus/heartbeat.h"
#include "foothold/corpus/ledger_record.h"
#include "foothold/corpus/ledger_snapshot.h"
#include "foothold/corpus/quarantine_report.h"
#include "fuzz/fuzz_targets.h"

namespace foothold::fuzz {

namespace {

LedgerRecord SampleRecord() {
  LedgerRecord record;
  record.event = LedgerRecord::Event::kDone;
  record.unit_id = "a/b \"c\".mp4";
  record.unit_key = "a_b-0123456789abcdef";
  record.attempt = 2;
  record.reason = "reason";
  record.message = "line\nline \\ \xc3\xa4";
  record.clips_done = 3;
  record.clips_rejected = 1;
  record.frames = 300;
  record.seconds = 1.5;
  record.labels = {{"a/b/c.h5", 300, 1234, "00112233445566778899aabbccddeeff"}};
  return record;
}

// The head agrees with the whole, and what was read can be written and read again.
void ReadRecord(const std::string& line) {
  RecordHead head;
  LedgerRecord record, again;
  const bool has_head = ParseRecordHead(line, &head);
  if (!ParseRecord(line, &record)) return;
  FOOTHOLD_CHECK(has_head && head.event == record.event && head.attempt == record.attempt,
                 "the head of a record differs from the record");
  const std::string written = FormatRecord(record);
  FOOTHOLD_CHECK(ParseRecord(written, &again) && FormatRecord(again) == written, "a record changes");
}

void RunRecord(const std::string& data) {
  ReadRecord(data);
  ReadRecord(WithSum(data));
}

std::vector<std::string> RecordSeeds() {
  const std::string line = FormatRecord(SampleRecord());
  return {line, line.substr(0, line.find(",\"sum\"")) + "}"};
}

constexpr size_t kUnits = 40;

void ReadSnapshotText(const std::string& text) {
  LedgerState state(kUnits);
  RecordOffsets offsets;
  if (!LedgerSnapshot::Parse(text, "hash", &state, &offsets)) return;
  size_t sum = 0;
  for (int s = 0; s < 5; ++s) sum += state.Count(static_cast<UnitStatus>(s));
  FOOTHOLD_CHECK(sum == kUnits, "the counts of a snapshot do not add up");
  const std::string written = LedgerSnapshot::Format(state, offsets, "hash");
  LedgerState again(kUnits);
  RecordOffsets offsets_again;
  FOOTHOLD_CHECK(LedgerSnapshot::Parse(written, "hash", &again, &offsets_again) &&
                     LedgerSnapshot::Format(again, offsets_again, "hash") == written,
                 "a snapshot changes");
}

void RunSnapshot(const std::string& data) {
  ReadSnapshotText(data);
  ReadSnapshotText(data + "xxh3-128 " + HashText(data) + "\n");
}

std::vector<std::string> SnapshotSeeds() {
  LedgerState state(kUnits);
  for (size_t i = 0; i < 25; ++i) state.Add(i, RecordHead{LedgerRecord::Event::kDone, 0, 1, i % 5 == 0});
  state.Add(30, RecordHead{LedgerRecord::Event::kFailed, 0, 2, false});
  const std::string text = LedgerSnapshot::Format(state, {{"a.jsonl", 17}}, "hash");
  return {text, text.substr(0, text.rfind("xxh3-128"))};
}

// What other processes wrote into claims, and the report made of it.
void RunClaim(const std::string& data) {
  HolderOf(data);
  QuarantineReport report;
  report.AddAttempt(1, data);
  QuarantineReport::Parse(report.Format(), "fuzz");
  try {
    QuarantineReport::Parse(data, "fuzz");
  } catch (const Error&) {
  }
}

std::vector<std::string> ClaimSeeds() {
  QuarantineReport report;
  const std::string claim =
      DescribeThisProcess("r0") + "a line\n" + QuarantineReport::FailureLine(SampleRecord());
  report.AddAttempt(1, claim);
  return {claim, report.Format()};
}

}  // namespace

const FuzzTarget kLedgerRecord = {"ledger_record", RunRecord, RecordSeeds};
const FuzzTarget kLedgerSnapshot = {"ledger_snapshot", RunSnapshot, SnapshotSeeds};
const FuzzTarget kLedgerClaim = {"ledger_claim", RunClaim, ClaimSeeds};

}  // namespace foothold::fuzz
