// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "foothold/corpus/ledger.h"
#include "foothold/corpus/record_facts.h"
#include "foothold/corpus/run_status.h"

namespace foothold {

// Follows a run through its records: works while ranks write, after a crash and on a read-only file system,
// opens no label and no claim. A million units take 40 MB and a few seconds at first; Refresh reads only
// what was added since.
class RunProgress {
 public:
  RunProgress(std::string output, RunUnits units);

  void Refresh();
  RunStatus Status(int64_t now_unix_s) const;

  const RunUnits& units() const { return units_; }
  const LedgerState& state() const { return state_; }

 private:
  struct UnitWork {  // Of the latest attempt with labels, and of the latest that tells a reason.
    int64_t bytes = 0;
    uint32_t frames = 0, labels = 0;
    uint32_t clips_rejected = 0;
    uint16_t attempt = 0, cause_attempt = 0;
    uint16_t reason = 0;  // Index in reasons_.
  };
  struct Minute {
    double begin_s = 0, busy_s = 0;
    int64_t last_unix_s = 0;
    long units = 0, frames = 0;
  };
  struct WorkerSums {
    std::string host;
    int rank = 0;
    long units = 0, frames = 0;
    double seconds = 0, done_seconds = 0, done_cost = 0;
    int64_t last_unix_s = 0;
  };

  void Add(std::string_view line);
  void AddToUnit(size_t index, const RecordFacts& facts);
  void AddToTime(const RecordFacts& facts, double cost);
  void CountUnits(RunStatus* status) const;
  void MeasureRate(RunStatus* status) const;
  void EstimateEnd(RunStatus* status) const;
  void ListWorkers(RunStatus* status) const;

  std::string output_;
  RunUnits units_;
  LedgerState state_;
  std::vector<float> cost_s_;
  std::vector<UnitWork> work_;
  std::vector<std::string> reasons_ = {""};
  std::map<std::string, int64_t> offsets_;  // Read so far, by records file.
  std::map<std::string, WorkerSums> workers_;
  std::map<int64_t, Minute> minutes_;
  double seconds_ = 0;
  long damaged_records_ = 0;
  int64_t begin_unix_s_ = 0, last_unix_s_ = 0, ledger_bytes_ = 0;
  // Seconds over cost of done units, for the estimate and its uncertainty.
  long num_ratios_ = 0;
  double ratio_seconds_ = 0, ratio_cost_ = 0, ratio_mean_ = 0, ratio_sum_squares_ = 0;
};

}  // namespace foothold
