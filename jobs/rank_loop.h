// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "foothold/corpus/unit_queue.h"

namespace foothold {

// Labels one unit. Returns its record, or throws: bad input and broken contracts are recorded and the
// rank goes on; storage, device, network and usage errors end the rank, and the unit stays open.
using UnitWorker = std::function<LedgerRecord(const Unit& unit)>;

struct RankTotals {
  long done = 0, rejected = 0, failed = 0;  // Attempts that this rank finished.
  long clips = 0, frames = 0;
  bool drained = false;
};

// Claims and works on the ledger's units until all are finished by someone, or until `drain_requested`
// returns true between two units. Units that other ranks hold are waited for: they become free when a
// rank dies. A join of which no part has a result is rejected without asking `worker`.
void RunRank(Ledger* ledger,
             int rank,
             int size,
             const UnitWorker& worker,
             const std::function<bool()>& drain_requested,
             RankTotals* totals);

}  // namespace foothold
