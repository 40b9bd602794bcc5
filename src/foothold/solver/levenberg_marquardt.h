// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/base/journal.h"
#include "foothold/solver/energy_term.h"
#include "foothold/solver/parameters.h"
#include "foothold/solver/summary.h"

namespace foothold {

// A term with its weight in the total. `active` terms take part; the others are only reported.
struct WeightedTerm {
  EnergyTerm* term = nullptr;
  double weight = 1;
  bool active = true;
};

struct MinimizerOptions {
  std::string stage;          // Name in the summary's iteration records.
  int max_iterations = 30;    // Linearisations.
  int anneal_iterations = 8;  // The terms' continuation reaches 1 at this iteration.
  int max_rejected_in_a_row = 12;
  double initial_damping = 1e-3;     // Relative to the diagonal.
  double function_tolerance = 1e-6;  // Relative decrease that counts as converged.
  int threads = 1;                   // Does not change a byte of the result.
  // Where the state between iterations is kept now and then, and found again; null: nowhere. The key names
  // the problem and its start. Does not change a byte of the result.
  Journal* journal = nullptr;
  std::string journal_key;
};

// Levenberg-Marquardt with gain-ratio damping (Nielsen 1999) on the reweighted normal equations of
// robust terms. Every linearisation takes the robust weights anew, so accepted steps decrease the
// robust cost itself. A step whose parameters or cost are not finite is rejected and counted, like
// one that does not decrease the cost: `values` only ever moves to finite states of lower cost.
// Appends iteration records, termination and counts to `summary`, whose `terms` must have one entry
// per element of `terms` (RegisterTerms).
void Minimize(const ParameterLayout& layout,
              const std::vector<WeightedTerm>& terms,
              const MinimizerOptions& options,
              std::vector<double>* values,
              SolverSummary* summary);

// How well the normal equations at a state determine it.
struct Uncertainty {
  bool defined = false;          // False when they are singular; then the rest means nothing.
  std::vector<double> variance;  // Of the tangent dimensions asked for, as of a Gaussian likelihood.
  double condition = 0;          // Lower bound of the condition number, scaled to a unit diagonal.
};
Uncertainty EstimateUncertainty(const ParameterLayout& layout,
                                const std::vector<WeightedTerm>& terms,
                                const std::vector<double>& values,
                                const std::vector<int>& tangents,
                                int threads);

// Unweighted cost of every term, active or not, in its final form.
std::vector<double> EvaluateTerms(const ParameterLayout& layout,
                                  const std::vector<WeightedTerm>& terms,
                                  const std::vector<double>& values,
                                  int threads);

// Fills summary->terms with names, weights, residual counts and initial costs.
void RegisterTerms(const ParameterLayout& layout,
                   const std::vector<WeightedTerm>& terms,
                   const std::vector<double>& values,
                   int threads,
                   SolverSummary* summary);

}  // namespace foothold
