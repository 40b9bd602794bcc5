// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foothold {

// A committed label as its record remembers it.
struct LabelFile {
  std::string path;  // Below <output>/labels.
  int frames = 0;
  int64_t bytes = 0;
  std::string xxh3;  // XXH3-128 of the file.
  bool operator==(const LabelFile&) const = default;
};

// What happened to a unit; one line of a records file.
struct LedgerRecord {
  enum class Event {
    kDone,         // Every clip has a label or was rejected (clips_rejected).
    kRejected,     // The input cannot carry a label. Final.
    kFailed,       // Something went wrong: tried again until max_attempts.
    kQuarantined,  // Given up after the failed or lost attempts up to this one.
    kReopened,     // Nothing up to this attempt counts any more.
  };
  Event event = Event::kFailed;
  std::string unit_key, unit_id;
  int attempt = 0;
  std::string reason, message;
  int clips_done = 0, clips_rejected = 0;
  int frames = 0;
  double seconds = 0;
  std::vector<LabelFile> labels;
  std::string host, process;  // Filled in by FormatRecord's caller.
  int rank = 0;
  int64_t time_unix_s = 0;
};

// The part that decides what a unit is; all that a rank keeps of a record.
struct RecordHead {
  LedgerRecord::Event event = LedgerRecord::Event::kFailed;
  uint64_t unit_hash = 0;  // UnitHash(id).
  int attempt = 0;
  bool partly = false;  // Some clips were rejected.
};

// One line of JSON, without the line end. Its last member "sum" is the XXH3-64 of all before it, so that
// a reader tells a whole line from a damaged one.
std::string FormatRecord(const LedgerRecord& record);
// False when `line` is no whole record.
bool ParseRecord(std::string_view line, LedgerRecord* record);
// The same for the head alone; a hundred times faster.
bool ParseRecordHead(std::string_view line, RecordHead* head);

const char* NameOf(LedgerRecord::Event event);

// Appends the member "sum" to a JSON object's text. For tests and fuzzing.
std::string WithSum(const std::string& json);

// The hash in a unit's key: 64 bits of the XXH3-128 of its id.
uint64_t UnitHash(const std::string& id);
// From the key "<readable>-<16 hex digits>"; false when it is none.
bool HashOfKey(std::string_view key, uint64_t* hash);

}  // namespace foothold
