// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "foothold/corpus/ledger.h"

namespace foothold {

// Everything that the records of a run say, read from its folder without touching it: also while the run
// goes on, after a crash, and on a read-only file system.
struct RunRecords {
  struct Labels {  // Of one attempt.
    size_t unit = 0;
    int attempt = 0;
    bool done = false;  // Else the attempt failed after it made these.
    std::vector<LabelFile> files;
  };
  struct Cause {
    int attempt = 0;
    std::string reason, message;
  };

  LedgerState state{0};
  std::vector<Labels> labels;
  std::unordered_map<size_t, Cause> causes;  // Why a unit was rejected or given up, or some of its clips.
  long damaged_records = 0;
  long records_of_other_units = 0;
};

// Of a run without records, an empty one.
RunRecords ReadRunRecords(const std::string& output, const RunUnits& units);

// Their state alone, from the snapshot and what was recorded after it; a hundred times faster.
LedgerState ReadRunState(const std::string& output, const RunUnits& units);

}  // namespace foothold
