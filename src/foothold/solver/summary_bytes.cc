// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/summary_bytes.h"

namespace foothold {

void PutSummary(const SolverSummary& summary, ByteWriter* writer) {
  writer->Put(summary.termination).Put(summary.message);
  writer->Put<uint64_t>(summary.terms.size());
  for (const SolverSummary::TermCost& term : summary.terms) {
    writer->Put(term.name).Put(term.weight).Put(term.initial).Put(term.final).Put(term.num_residuals);
  }
  writer->Put<uint64_t>(summary.iterations.size());
  for (const SolverSummary::Iteration& iteration : summary.iterations) {
    writer->Put(iteration.stage).Put(iteration.iteration).Put(iteration.cost).Put(iteration.term_cost);
    writer->Put(iteration.damping).Put(iteration.step_norm).Put(iteration.accepted);
  }
  writer->Put(summary.num_keyframes).Put(summary.num_parameters);
  writer->Put(summary.num_rejected_steps).Put(summary.num_non_finite_steps);
}

void GetSummary(ByteReader* reader, SolverSummary* summary) {
  *summary = SolverSummary();
  reader->Get(&summary->termination).Get(&summary->message);
  uint64_t count = 0;
  reader->Get(&count);
  for (uint64_t i = 0; i < count && reader->ok(); ++i) {
    SolverSummary::TermCost& term = summary->terms.emplace_back();
    reader->Get(&term.name).Get(&term.weight).Get(&term.initial).Get(&term.final).Get(&term.num_residuals);
  }
  reader->Get(&count);
  for (uint64_t i = 0; i < count && reader->ok(); ++i) {
    SolverSummary::Iteration& iteration = summary->iterations.emplace_back();
    reader->Get(&iteration.stage).Get(&iteration.iteration).Get(&iteration.cost).Get(&iteration.term_cost);
    reader->Get(&iteration.damping).Get(&iteration.step_norm).Get(&iteration.accepted);
  }
  reader->Get(&summary->num_keyframes).Get(&summary->num_parameters);
  reader->Get(&summary->num_rejected_steps).Get(&summary->num_non_finite_steps);
}

}  // namespace foothold
