// SPDX-License-Identifier: Apache-2.0
#include "labels/summary_group.h"

#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "labels/groups.h"

namespace foothold::labels {

namespace {

using Termination = SolverSummary::Termination;

Termination ParseTermination(const Hdf5Reader& reader, const std::string& name) {
  const std::string text = reader.ReadString(name);
  for (const Termination termination : {Termination::kNotRun,
                                        Termination::kConverged,
                                        Termination::kIterationLimit,
                                        Termination::kNoProgress,
                                        Termination::kNonFinite,
                                        Termination::kNothingToDo}) {
    if (text == NameOf(termination)) return termination;
  }
  FailDataset(reader, name, "'" + text + "' is not a known reason");
}

void WriteTerms(Hdf5Writer* writer, const std::vector<SolverSummary::TermCost>& terms) {
  std::vector<std::string> names;
  std::vector<double> weights, initials, finals;
  std::vector<int32_t> num_residuals;
  for (const SolverSummary::TermCost& term : terms) {
    names.push_back(term.name);
    weights.push_back(term.weight);
    initials.push_back(term.initial);
    finals.push_back(term.final);
    num_residuals.push_back(term.num_residuals);
  }
  writer->WriteStrings("summary/terms/name", names);
  writer->Write("summary/terms/weight", weights, {terms.size()});
  writer->Write("summary/terms/initial", initials, {terms.size()});
  writer->Write("summary/terms/final", finals, {terms.size()});
  writer->Write("summary/terms/num_residuals", num_residuals, {terms.size()});
}

std::vector<SolverSummary::TermCost> ReadTerms(const Hdf5Reader& reader) {
  RequireKnown(reader, "summary/terms", {"name", "weight", "initial", "final", "num_residuals"});
  std::vector<SolverSummary::TermCost> terms(CountRows(reader, "summary/terms/name", {}));
  const Hdf5Shape shape = {terms.size()};
  const std::vector<std::string> names = reader.ReadStrings("summary/terms/name");
  const std::vector<double> weights = reader.Read<double>("summary/terms/weight", shape);
  const std::vector<double> initials = reader.Read<double>("summary/terms/initial", shape);
  const std::vector<double> finals = reader.Read<double>("summary/terms/final", shape);
  const std::vector<int32_t> num_residuals = reader.Read<int32_t>("summary/terms/num_residuals", shape);
  for (size_t i = 0; i < terms.size(); ++i) {
    terms[i] = {names[i], weights[i], initials[i], finals[i], num_residuals[i]};
  }
  return terms;
}

void WriteIterations(Hdf5Writer* writer,
                     const std::vector<SolverSummary::Iteration>& iterations,
                     size_t num_terms) {
  std::vector<std::string> stages;
  std::vector<int32_t> numbers;
  std::vector<double> costs, term_costs, dampings, step_norms;
  std::vector<uint8_t> accepted;
  for (const SolverSummary::Iteration& iteration : iterations) {
    stages.push_back(iteration.stage);
    numbers.push_back(iteration.iteration);
    costs.push_back(iteration.cost);
    term_costs.insert(term_costs.end(), iteration.term_cost.begin(), iteration.term_cost.end());
    dampings.push_back(iteration.damping);
    step_norms.push_back(iteration.step_norm);
    accepted.push_back(iteration.accepted ? 1 : 0);
  }
  const Hdf5Shape shape = {iterations.size()};
  writer->WriteStrings("summary/iterations/stage", stages);
  writer->Write("summary/iterations/iteration", numbers, shape);
  writer->Write("summary/iterations/cost", costs, shape);
  writer->Write("summary/iterations/term_cost", term_costs, {iterations.size(), num_terms});
  writer->Write("summary/iterations/damping", dampings, shape);
  writer->Write("summary/iterations/step_norm", step_norms, shape);
  writer->Write("summary/iterations/accepted", accepted, shape);
}

std::vector<SolverSummary::Iteration> ReadIterations(const Hdf5Reader& reader, size_t num_terms) {
  const std::string group = "summary/iterations";
  RequireKnown(
      reader, group, {"stage", "iteration", "cost", "term_cost", "damping", "step_norm", "accepted"});
  std::vector<SolverSummary::Iteration> iterations(CountRows(reader, group + "/stage", {}));
  const Hdf5Shape shape = {iterations.size()};
  const std::vector<std::string> stages = reader.ReadStrings(group + "/stage");
  const std::vector<int32_t> numbers = reader.Read<int32_t>(group + "/iteration", shape);
  const std::vector<double> costs = reader.Read<double>(group + "/cost", shape);
  const std::vector<double> term_costs =
      reader.Read<double>(group + "/term_cost", {iterations.size(), num_terms});
  const std::vector<double> dampings = reader.Read<double>(group + "/damping", shape);
  const std::vector<double> step_norms = reader.Read<double>(group + "/step_norm", shape);
  const std::vector<uint8_t> accepted = reader.Read<uint8_t>(group + "/accepted", shape);
  for (size_t i = 0; i < iterations.size(); ++i) {
    const auto first = term_costs.begin() + i * num_terms;
    iterations[i] = {stages[i],
                     numbers[i],
                     costs[i],
                     std::vector<double>(first, first + num_terms),
                     dampings[i],
                     step_norms[i],
                     accepted[i] != 0};
  }
  return iterations;
}

}  // namespace

void WriteSummary(Hdf5Writer* writer, const SolverSummary& summary) {
  writer->WriteString("summary/termination", NameOf(summary.termination));
  writer->WriteString("summary/message", summary.message);
  writer->WriteScalar<int32_t>("summary/num_keyframes", summary.num_keyframes);
  writer->WriteScalar<int32_t>("summary/num_parameters", summary.num_parameters);
  writer->WriteScalar<int32_t>("summary/num_rejected_steps", summary.num_rejected_steps);
  writer->WriteScalar<int32_t>("summary/num_non_finite_steps", summary.num_non_finite_steps);
  WriteTerms(writer, summary.terms);
  WriteIterations(writer, summary.iterations, summary.terms.size());
}

SolverSummary ReadSummary(const Hdf5Reader& reader) {
  RequireKnown(reader,
               "summary",
               {"termination",
                "message",
                "num_keyframes",
                "num_parameters",
                "num_rejected_steps",
                "num_non_finite_steps",
                "terms",
                "iterations"});
  SolverSummary summary;
  summary.termination = ParseTermination(reader, "summary/termination");
  summary.message = reader.ReadString("summary/message");
  summary.num_keyframes = reader.ReadScalar<int32_t>("summary/num_keyframes");
  summary.num_parameters = reader.ReadScalar<int32_t>("summary/num_parameters");
  summary.num_rejected_steps = reader.ReadScalar<int32_t>("summary/num_rejected_steps");
  summary.num_non_finite_steps = reader.ReadScalar<int32_t>("summary/num_non_finite_steps");
  summary.terms = ReadTerms(reader);
  summary.iterations = ReadIterations(reader, summary.terms.size());
  return summary;
}

void RequireSummary(const SolverSummary& summary, ProblemList* problems) {
  for (const SolverSummary::TermCost& term : summary.terms) {
    const double values[] = {term.weight, term.initial, term.final};
    problems->RequireFinite("summary/terms: " + term.name, values, 3);
  }
  for (size_t i = 0; i < summary.iterations.size(); ++i) {
    const SolverSummary::Iteration& iteration = summary.iterations[i];
    const std::string field = "summary/iterations: entry " + std::to_string(i);
    const double values[] = {iteration.cost, iteration.damping, iteration.step_norm};
    problems->RequireFinite(field, values, 3);
    problems->RequireFinite(field, iteration.term_cost.data(), iteration.term_cost.size());
    problems->RequireSize(field + ": term_cost", iteration.term_cost.size(), summary.terms.size());
  }
}

}  // namespace foothold::labels
