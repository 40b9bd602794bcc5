// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/corpus/corpus.h"
#include "foothold/corpus/heartbeat.h"

namespace foothold {

struct LedgerOptions {
  double heartbeat_s = 30;
  int lease_heartbeats = 10;  // A claim without a heartbeat for so long is taken over.
  int max_attempts = 3;
  bool retry_failed = false;
  static const OptionTable& Table();
};

// What one attempt at a unit came to; one line of a records file.
struct LedgerRecord {
  enum class Event {
    kDone,      // Every clip has a label or was rejected (clips_rejected).
    kRejected,  // The input cannot carry a label. Final.
    kFailed,    // Something went wrong: tried again until max_attempts.
  };
  Event event = Event::kFailed;
  std::string unit_key, unit_id;
  int attempt = 0;
  std::string reason, message;
  int clips_done = 0, clips_rejected = 0;
  int frames = 0;
  double seconds = 0;
};

// Work distribution and memory of a labelling job, as files in one folder of a shared file system; no
// messages, locks or databases. Any number of processes and jobs may work on one ledger.
//
//   claims/<unit>.<attempt>   made with O_CREAT|O_EXCL by the process that may work on the unit, touched
//                             as heartbeat; a lease that is too old by the file server's clock passes
//                             the unit on to the next attempt
//   records/<process>.jsonl   append-only, one writer each, one line per finished attempt
//   quarantine/<unit>.json    units given up, with the reason
//   lifted/<unit>.<attempt>   quarantines lifted by retry_failed
//   options.conf              what all runs on this ledger have in common
//
// Work must be idempotent: a process that was taken for dead may finish late.
class Ledger {
 public:
  // Makes the folders. `process_name` is unique among living processes of the job, e.g. "slurm-7-r3".
  // Throws Error(kStorage).
  Ledger(std::string folder, LedgerOptions options, std::string process_name);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Remembers `text` on the first run; throws Error(kUsage) when an earlier run had another one.
  void RequireSameOptions(const std::string& text);

  // Reads what other processes recorded since the last call.
  void Refresh();

  enum class Status { kOpen, kDone, kRejected, kQuarantined };
  Status StatusOf(const Unit& unit) const;
  // The record that made the unit kDone or kRejected; null otherwise.
  const LedgerRecord* FinalRecordOf(const Unit& unit) const;

  // The right to work on a unit, kept by heartbeats until a record ends it. Without a record the
  // destructor gives the unit back, and the attempt does not count.
  class Claim {
   public:
    ~Claim();
    const Unit& unit() const { return unit_; }
    int attempt() const { return attempt_; }
    // Writes the record durably. Key, id and attempt are filled in. Throws Error(kStorage).
    void Finish(LedgerRecord record);

   private:
    friend class Ledger;
    Claim(Ledger* ledger, Unit unit, int attempt, std::string path);
    Ledger* ledger_;
    Unit unit_;
    int attempt_;
    std::string path_;
    bool finished_ = false;
    std::unique_ptr<Heartbeat> heartbeat_;
  };

  // Null when the unit is finished or another process works on it.
  std::unique_ptr<Claim> TryClaim(const Unit& unit);

  // Reopens units that were given up. Call on one rank only.
  int LiftQuarantine();

 private:
  enum class Lease { kAlive, kOver };
  struct RecordsFile {
    int64_t offset = 0;
  };

  void ReadRecords(const std::string& path, RecordsFile* file);
  void Remember(const LedgerRecord& record);
  void Append(const LedgerRecord& record);
  void Quarantine(const Unit& unit, int attempt, const std::string& reason, const std::string& message);
  int FirstAttempt(const std::string& key) const;
  Lease LeaseOf(const std::string& claim_path);
  bool CreateClaim(const std::string& path);

  std::string folder_;
  LedgerOptions options_;
  std::string process_name_;
  std::string probe_path_;
  std::string records_path_;
  int records_descriptor_ = -1;
  std::map<std::string, RecordsFile> records_files_;
  std::map<std::string, LedgerRecord> final_records_;                   // By unit key.
  std::map<std::string, std::map<int, LedgerRecord>> failed_attempts_;  // By unit key and attempt.
  std::map<std::string, bool> quarantined_;                             // By unit key.
  std::map<std::string, int> lifted_;                                   // By unit key: last attempt before.
};

// Hands out the units of a corpus to one rank: each rank starts at another place and goes round.
class UnitQueue {
 public:
  UnitQueue(const Corpus& corpus, Ledger* ledger, int rank, int size);

  // A claim on some unit; null when all others are finished or busy now. Call all_finished() next.
  std::unique_ptr<Ledger::Claim> Next();
  bool all_finished() const { return open_.empty(); }

 private:
  const Corpus& corpus_;
  Ledger* ledger_;
  std::vector<int> open_;  // Indices of units not known to be finished, in this rank's order.
  size_t cursor_ = 0;
};

}  // namespace foothold
