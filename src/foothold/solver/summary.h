// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold {

// What an optimisation did. Starts as "not run"; filled in even when the run fails. Contains no
// wall-clock times, so that it can be stored in labels.
struct SolverSummary {
  enum class Termination { kNotRun, kConverged, kIterationLimit, kNoProgress, kNonFinite, kNothingToDo };

  struct TermCost {
    std::string name;  // "match", "contact_scale", ...
    double weight = 0;
    double initial = 0;  // Unweighted value before and after.
    double final = 0;
    int num_residuals = 0;
  };
  struct Iteration {
    std::string stage;
    int iteration = 0;
    double cost = 0;                // Weighted total after this iteration.
    std::vector<double> term_cost;  // Unweighted, in the order of `terms`.
    double damping = 0;
    double step_norm = 0;
    bool accepted = false;
  };

  Termination termination = Termination::kNotRun;
  std::string message = "not run";
  std::vector<TermCost> terms;
  std::vector<Iteration> iterations;
  int num_keyframes = 0;
  int num_parameters = 0;
  int num_rejected_steps = 0;
  int num_non_finite_steps = 0;
};

const char* NameOf(SolverSummary::Termination termination);

}  // namespace foothold
