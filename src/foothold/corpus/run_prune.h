// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "foothold/corpus/ledger.h"

namespace foothold {

struct PruneOptions {
  // Only files that nobody touched for so long: a rank at work touches what it needs every few minutes, and
  // clocks of hosts may differ by hours.
  double older_than_s = 86400;
  bool timings = false;  // Also the <clip>.timing.json beside labels.
  bool dry_run = false;  // Count, and remove nothing.
};

struct PruneOutcome {
  long temporaries = 0;  // Hidden files below labels, of writers that died.
  long claims = 0;       // Of finished units; those of units given up explain why.
  long timings = 0;
  long partial = 0;  // Checkpoints of videos (<output>/partial), once no unit is open.
  int64_t bytes = 0;
};

// Removes from a run's folder what nothing needs any more. Safe while the run goes on. Throws
// Error(kStorage) when a file cannot be removed.
PruneOutcome PruneRun(const std::string& output,
                      const RunUnits& units,
                      const LedgerState& state,
                      const PruneOptions& options);

}  // namespace foothold
