// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/corpus/ledger.h"

namespace foothold {

// Some units of a run with the records that decided them, chosen by the hash of their ids: the same ones
// each time, and evenly spread over the corpus.
struct RunSample {
  struct Entry {
    Unit unit;
    LedgerRecord record;
  };
  std::vector<Entry> labelled;  // Done, all or partly.
  std::vector<Entry> without;   // Rejected or quarantined.
};

// At most so many of each. Reads the records once; memory is that of the sample.
RunSample SampleRun(const std::string& output,
                    const RunUnits& units,
                    const LedgerState& state,
                    size_t most_labelled,
                    size_t most_without);

}  // namespace foothold
