// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/scene/problem_list.h"
#include "foothold/solver/summary.h"
#include "labels/hdf5.h"

namespace foothold::labels {

// Group summary of a label.
void WriteSummary(Hdf5Writer* writer, const SolverSummary& summary);
SolverSummary ReadSummary(const Hdf5Reader& reader);

// Finite numbers, and one cost per term in every iteration.
void RequireSummary(const SolverSummary& summary, ProblemList* problems);

}  // namespace foothold::labels
