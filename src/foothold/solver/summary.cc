// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/summary.h"

namespace foothold {

const char* NameOf(SolverSummary::Termination termination) {
  switch (termination) {
    case SolverSummary::Termination::kNotRun:
      return "not_run";
    case SolverSummary::Termination::kConverged:
      return "converged";
    case SolverSummary::Termination::kIterationLimit:
      return "iteration_limit";
    case SolverSummary::Termination::kNoProgress:
      return "no_progress";
    case SolverSummary::Termination::kNonFinite:
      return "non_finite";
    case SolverSummary::Termination::kNothingToDo:
      return "nothing_to_do";
  }
  return "unknown";
}

}  // namespace foothold
