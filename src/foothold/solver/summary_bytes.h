// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/base/bytes.h"
#include "foothold/solver/summary.h"

namespace foothold {

// A summary as bytes for a journal.
void PutSummary(const SolverSummary& summary, ByteWriter* writer);
void GetSummary(ByteReader* reader, SolverSummary* summary);

}  // namespace foothold
