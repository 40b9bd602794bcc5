// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/corpus/heartbeat.h"
#include "foothold/corpus/ledger_files.h"
#include "foothold/corpus/ledger_record.h"
#include "foothold/corpus/ledger_state.h"
#include "foothold/corpus/record_reader.h"
#include "foothold/corpus/unit_index.h"

namespace foothold {

struct LedgerOptions {
  double heartbeat_s = 30;
  int lease_heartbeats = 10;  // A claim without a heartbeat for so long is taken over.
  int max_attempts = 3;
  bool retry_failed = false;
  static const OptionTable& Table();
};

// The units of a run and what is derived from them, shared by all that read it.
struct RunUnits {
  std::shared_ptr<const UnitList> list;
  std::shared_ptr<const UnitIndex> index;
  std::string hash;  // XXH3-128 of the list's fingerprint.
};
RunUnits MakeRunUnits(std::shared_ptr<const UnitList> list);

// Work distribution and memory of a labelling job, as files in one folder of a shared file system; no
// messages, locks or databases. Any number of processes and jobs may work on one ledger.
// docs/operations.md describes the files. In short:
//
//   claims/<xx>/<unit>.<attempt>  made with O_CREAT|O_EXCL by the process that may work on the unit,
//                                 touched as heartbeat; a lease that is too old by the file server's
//                                 clock passes the unit on to the next attempt
//   records/<process>.jsonl       append-only, one writer each: what became of the attempts
//   snapshot                      what the records come to, for readers in a hurry
//   quarantine/<unit>.json        for people: why a unit was given up, and how to see it fail again
//
// Work must be idempotent: a process that was taken for dead may finish late. For one thread; heartbeats
// come from a thread of their own.
class Ledger {
 public:
  // Makes the folders and reads what is known. `process_name` is unique among living processes of the
  // job, e.g. "slurm-7-r3". Throws Error(kStorage), and Error(kUsage) for a ledger of another version.
  Ledger(std::string folder,
         LedgerOptions options,
         std::string process_name,
         RunUnits units,
         std::shared_ptr<LedgerFiles> files = MakeLedgerFiles());
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Remembers `text` on the first run; throws Error(kUsage) when an earlier run had another one.
  void RequireSameOptions(const std::string& text);
  // For quarantine reports: the command that shows how a unit fails.
  void SetReproducer(std::function<std::string(const Unit&)> command) { reproducer_ = std::move(command); }

  // Reads what other processes recorded since the last call.
  void Refresh();
  // The same at a bounded price, and up to `max_age_s` late, when many processes work on the ledger: one of
  // them reads all records and leaves a snapshot to the others.
  void Follow(double max_age_s);
  void WriteSnapshot();

  const UnitList& units() const { return *units_.list; }
  const UnitIndex& index() const { return *units_.index; }
  const LedgerState& state() const { return state_; }
  LedgerFiles& files() const { return *files_; }

  // The right to work on a unit, kept by heartbeats until a record ends it. Without a record the
  // destructor gives the unit back, and the attempt does not count.
  class Claim {
   public:
    ~Claim();
    const Unit& unit() const { return unit_; }
    size_t unit_index() const { return index_; }
    int attempt() const { return attempt_; }
    // Writes the record durably. Key, id, attempt and origin are filled in. Throws Error(kStorage).
    void Finish(LedgerRecord record);
    // Leaves everything as a killed process would; for tests.
    void Abandon();

   private:
    friend class Ledger;
    Claim(Ledger* ledger, size_t index, Unit unit, int attempt, std::unique_ptr<LedgerFiles::Writer> writer);
    Ledger* ledger_;
    size_t index_;
    Unit unit_;
    int attempt_;
    std::string path_;
    std::unique_ptr<LedgerFiles::Writer> writer_;  // Of the claim file, for log lines.
    int lines_ = 0;
    bool finished_ = false;
  };

  enum class Effort {
    kIfFree,  // One attempt to make the claim.
    kIfOld,   // Also take over from a holder that gave no sign of life for too long.
    kIfLost,  // Also from one that is known to be dead: a process of this machine.
  };
  // Null when the unit is finished or another process works on it (then it is marked in state()), or when
  // it is a join whose parts are not finished.
  std::unique_ptr<Claim> TryClaim(size_t index, Effort effort);

  // Gives back all units that this process holds, as a claim's destructor does. From any thread, right before
  // the process ends.
  void GiveBackClaims();

  // Marks the unfinished units of a claim folder that somebody holds or held.
  void LookAtClaims(int folder);

  // Nothing that happened to these units so far counts any more.
  void Reopen(const std::vector<size_t>& units, const std::string& reason);

  // A sign of life for all claims; by a thread of the ledger's own unless the files say otherwise.
  void Beat();

 private:
  // kOverUnread: and what its holder recorded last may not have been read yet.
  enum class Lease { kAlive, kOver, kOverUnread, kGone };
  void RequireFormat();
  void Append(std::vector<LedgerRecord> records);
  void GiveUp(size_t index, const Unit& unit, int first_attempt, int attempt);
  std::string ClaimPath(const Unit& unit, uint64_t hash, int attempt) const;
  Lease LeaseOf(size_t index, int attempt, const std::string& claim_path, bool ask_for_holder);
  std::unique_ptr<Claim> Create(size_t index, const Unit& unit, int attempt);
  bool FillMissingParts(size_t index, Unit* unit) const;
  double ServerTime_s();
  void StartHeartbeat();
  void OnLogLine(const std::string& line);

  std::string folder_;
  LedgerOptions options_;
  std::string process_name_;
  RunUnits units_;
  std::shared_ptr<LedgerFiles> files_;
  LedgerState state_;
  std::function<std::string(const Unit&)> reproducer_;

  std::string probe_path_;
  double known_until_s_ = -1e18;  // Records written before this time of the server are in state_.
  double server_minus_own_s_ = 0, clock_compared_s_ = -1e18;

  RecordReader reader_;
  std::string records_name_;  // Of this process; empty before the first record.
  std::unique_ptr<LedgerFiles::Writer> records_;
  int64_t records_bytes_ = 0;

  std::unordered_map<uint64_t, int> held_elsewhere_;  // Unit index: attempt held by another machine.

  std::mutex mutex_;  // Guards claims_ and what log lines do to them.
  std::set<Claim*> claims_;
  std::unique_ptr<Heartbeat> heartbeat_;
};

}  // namespace foothold
