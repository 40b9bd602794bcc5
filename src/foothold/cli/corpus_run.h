// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/corpus/run_check.h"

namespace foothold::cli {

// The ledger of a run, opened to change it while ranks may be at work.
std::unique_ptr<Ledger> OpenLedgerOfRun(const std::string& output, const RunUnits& units);

// Which of the units without a full label are meant.
struct UnitChoice {
  std::vector<std::string> ids;  // Empty: all.
  std::string reason;            // Empty: any.
  bool rejected = true, quarantined = true, partly = false;
};
// Indices, ascending. Throws Error(kUsage) for an id that the run does not have, or that is not to be
// chosen, with the reason.
std::vector<size_t> Choose(const RunUnits& units, const RunRecords& records, const UnitChoice& choice);

// Reopens the units and their joins, and says how many.
void ReopenAndPrint(const std::string& output, const RunUnits& units, const std::vector<size_t>& chosen);

}  // namespace foothold::cli
