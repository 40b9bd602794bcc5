// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/levenberg_marquardt.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/base/pulse.h"
#include "foothold/solver/block_system.h"
#include "foothold/solver/summary_bytes.h"

namespace foothold {
namespace {

// Groups evaluated before their systems are summed: bounds the memory of the dense group systems.
// Independent of the thread count, as the sum runs in index order anyway.
constexpr int kBatch = 256;

struct Task {
  int term;
  int group;
};

bool AllFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

class Minimizer {
 public:
  Minimizer(const ParameterLayout& layout,
            const std::vector<WeightedTerm>& terms,
            const MinimizerOptions& options)
      : layout_(layout), terms_(terms), options_(options), free_mask_(layout.FreeMask()) {
    std::vector<int> dofs;
    for (int b = 0; b < layout.num_blocks(); ++b) dofs.push_back(layout.block(b).dof);
    std::vector<std::vector<int>> cliques;
    for (size_t t = 0; t < terms.size(); ++t) {
      if (!terms[t].active) continue;
      for (int g = 0; g < terms[t].term->num_groups(); ++g) {
        tasks_.push_back({static_cast<int>(t), g});
        cliques.push_back(terms[t].term->GroupBlocks(g));
      }
    }
    system_ = std::make_unique<BlockSystem>(dofs, cliques);
    slots_.resize(std::min<size_t>(kBatch, tasks_.size()));
    costs_.resize(tasks_.size());
  }

  void Run(std::vector<double>* values, SolverSummary* summary);
  Uncertainty Measure(const std::vector<double>& values, const std::vector<int>& tangents);

 private:
  double Cost(const std::vector<double>& values);
  double Linearize(const std::vector<double>& values);
  double SumCosts();
  void Anneal(int iteration);
  void KeepState(int iteration, const std::vector<double>& values, const SolverSummary& summary) const;
  int FindState(std::vector<double>* values, SolverSummary* summary);
  std::vector<double> DampingScale() const;
  double PredictedDecrease(const std::vector<double>& step, const std::vector<double>& scale) const;
  void Record(int iteration, double cost, double step_norm, bool accepted, SolverSummary* summary) const;

  const ParameterLayout& layout_;
  const std::vector<WeightedTerm>& terms_;
  const MinimizerOptions& options_;
  std::vector<uint8_t> free_mask_;
  std::vector<Task> tasks_;
  std::unique_ptr<BlockSystem> system_;
  std::vector<GroupSystem> slots_;
  std::vector<double> costs_;      // Unweighted, one per task.
  std::vector<double> term_cost_;  // Of the last evaluation.
  double damping_ = 0;
  double damping_growth_ = 2;
};

double Minimizer::SumCosts() {
  term_cost_.assign(terms_.size(), 0.0);
  for (size_t i = 0; i < tasks_.size(); ++i) term_cost_[tasks_[i].term] += costs_[i];
  double total = 0;
  for (size_t t = 0; t < terms_.size(); ++t) total += terms_[t].weight * term_cost_[t];
  return total;
}

double Minimizer::Cost(const std::vector<double>& values) {
  const ParameterView view{&layout_, values.data()};
  ParallelFor(static_cast<int>(tasks_.size()), options_.threads, [&](int i) {
    costs_[i] = terms_[tasks_[i].term].term->Evaluate(view, tasks_[i].group, nullptr);
  });
  return SumCosts();
}

double Minimizer::Linearize(const std::vector<double>& values) {
  const ParameterView view{&layout_, values.data()};
  system_->SetZero();
  const int count = static_cast<int>(tasks_.size());
  for (int begin = 0; begin < count; begin += kBatch) {
    const int size = std::min(kBatch, count - begin);
    ParallelFor(size, options_.threads, [&](int i) {
      const Task& task = tasks_[begin + i];
      const EnergyTerm& term = *terms_[task.term].term;
      int dof = 0;
      for (const int block : term.GroupBlocks(task.group)) dof += layout_.block(block).dof;
      slots_[i].Reset(dof);
      costs_[begin + i] = term.Evaluate(view, task.group, &slots_[i]);
    });
    for (int i = 0; i < size; ++i) {
      const Task& task = tasks_[begin + i];
      system_->Add(terms_[task.term].term->GroupBlocks(task.group), slots_[i], terms_[task.term].weight);
    }
  }
  system_->ApplyMask(free_mask_);
  return SumCosts();
}

void Minimizer::Anneal(int iteration) {
  const double progress =
      options_.anneal_iterations <= 0 ? 1.0 : std::min(1.0, iteration / double(options_.anneal_iterations));
  for (const WeightedTerm& term : terms_) term.term->Anneal(progress);
}

// All that the next iteration starts from.
void Minimizer::KeepState(int iteration,
                          const std::vector<double>& values,
                          const SolverSummary& summary) const {
  if (options_.journal == nullptr || !options_.journal->Due()) return;
  ByteWriter writer;
  writer.Put(iteration).Put(damping_).Put(damping_growth_).Put(values);
  PutSummary(summary, &writer);
  options_.journal->Keep(options_.journal_key, writer.Take());
}

// The iteration to begin with: 0, or that of a state kept by an earlier process.
int Minimizer::FindState(std::vector<double>* values, SolverSummary* summary) {
  std::string bytes;
  if (options_.journal == nullptr || !options_.journal->Find(options_.journal_key, &bytes)) return 0;
  ByteReader reader(bytes);
  int iteration = 0;
  double damping = 0, growth = 0;
  std::vector<double> kept;
  SolverSummary kept_summary;
  reader.Get(&iteration).Get(&damping).Get(&growth).Get(&kept);
  GetSummary(&reader, &kept_summary);
  if (!reader.at_end() || kept.size() != values->size()) return 0;
  damping_ = damping;
  damping_growth_ = growth;
  values->swap(kept);
  *summary = std::move(kept_summary);
  return iteration;
}

// Marquardt's scaling; the floor keeps dimensions that no residual sees where they are.
std::vector<double> Minimizer::DampingScale() const {
  std::vector<double> scale = system_->diagonal();
  for (double& value : scale) value = std::max(value, 1e-6);
  return scale;
}

double Minimizer::PredictedDecrease(const std::vector<double>& step, const std::vector<double>& scale) const {
  double sum = 0;
  for (size_t i = 0; i < step.size(); ++i) {
    sum += step[i] * (damping_ * scale[i] * step[i] - system_->gradient()[i]);
  }
  return sum / 2;
}

void Minimizer::Record(
    int iteration, double cost, double step_norm, bool accepted, SolverSummary* summary) const {
  SolverSummary::Iteration record;
  record.stage = options_.stage;
  record.iteration = iteration;
  record.cost = cost;
  record.term_cost = term_cost_;
  record.damping = damping_;
  record.step_norm = step_norm;
  record.accepted = accepted;
  summary->iterations.push_back(record);
}

void Minimizer::Run(std::vector<double>* values, SolverSummary* summary) {
  using Termination = SolverSummary::Termination;
  summary->num_parameters = layout_.num_free();
  if (tasks_.empty() || layout_.num_free() == 0) {
    summary->termination = Termination::kNothingToDo;
    summary->message = options_.stage + ": nothing to optimise";
    return;
  }
  damping_ = options_.initial_damping;
  summary->termination = Termination::kIterationLimit;
  summary->message = options_.stage + ": iteration limit";
  std::vector<double> step, candidate;
  const int first = FindState(values, summary);
  for (int iteration = first; iteration < options_.max_iterations; ++iteration) {
    if (iteration > first) KeepState(iteration, *values, *summary);
    Pulse();
    Anneal(iteration);
    double cost = Linearize(*values);
    if (!std::isfinite(cost) || !AllFinite(system_->gradient()) || !AllFinite(system_->diagonal())) {
      ++summary->num_non_finite_steps;
      summary->termination = Termination::kNonFinite;
      summary->message = options_.stage + ": cost or gradient is not finite at an accepted state";
      return;
    }
    const std::vector<double> costs_here = term_cost_;
    if (iteration == 0) Record(0, cost, 0, true, summary);
    const std::vector<double> scale = DampingScale();
    bool accepted = false;
    double decrease = 0;
    for (int attempt = 0; attempt <= options_.max_rejected_in_a_row && !accepted; ++attempt) {
      const bool solved = system_->Solve(damping_, scale, &step);
      double new_cost = cost, step_norm = 0;
      bool finite = solved;
      if (solved) {
        for (const double d : step) step_norm += d * d;
        step_norm = std::sqrt(step_norm);
        layout_.Plus(*values, step, &candidate);
        finite = AllFinite(candidate);
        if (finite) new_cost = Cost(candidate);
        finite = finite && std::isfinite(new_cost);
      }
      decrease = cost - new_cost;
      const double predicted = finite ? PredictedDecrease(step, scale) : 0;
      accepted = finite && decrease >= 0 && predicted > 0;
      if (accepted) {
        const double gain = decrease / predicted;
        values->swap(candidate);
        Record(iteration + 1, new_cost, step_norm, true, summary);
        damping_ = std::max(damping_ * std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3)), 1e-9);
        damping_growth_ = 2;
        break;
      }
      ++summary->num_rejected_steps;
      if (!finite) ++summary->num_non_finite_steps;
      term_cost_ = costs_here;
      Record(iteration + 1, cost, finite ? step_norm : 0, false, summary);
      damping_ = std::min(damping_ * damping_growth_, 1e12);
      damping_growth_ = std::min(2 * damping_growth_, 1e6);
    }
    const bool annealed = iteration >= options_.anneal_iterations;
    if (!accepted) {
      damping_growth_ = 2;
      if (!annealed) continue;  // The next, sharper form of the cost may allow a step.
      summary->termination = Termination::kNoProgress;
      summary->message = options_.stage + ": no step decreases the cost";
      return;
    }
    if (annealed && decrease <= options_.function_tolerance * cost) {
      summary->termination = Termination::kConverged;
      summary->message = options_.stage + ": relative decrease below tolerance";
      return;
    }
  }
}

Uncertainty Minimizer::Measure(const std::vector<double>& values, const std::vector<int>& tangents) {
  Uncertainty out;
  if (tasks_.empty() || layout_.num_free() == 0) return out;
  Anneal(options_.anneal_iterations);
  const double cost = Linearize(values);
  if (!std::isfinite(cost) || !AllFinite(system_->diagonal())) return out;
  if (!system_->Factorize(0, system_->diagonal())) return out;
  for (const int tangent : tangents) {
    std::vector<double> unit(system_->num_rows(), 0.0);
    unit[tangent] = 1;
    system_->SolveInPlace(&unit);
    out.variance.push_back(free_mask_[tangent] == 0 ? 0 : unit[tangent]);
  }
  const double smallest = system_->SmallestPivotShare(free_mask_);
  out.condition = 1 / smallest;
  out.defined = std::isfinite(out.condition) && AllFinite(out.variance);
  return out;
}

}  // namespace

Uncertainty EstimateUncertainty(const ParameterLayout& layout,
                                const std::vector<WeightedTerm>& terms,
                                const std::vector<double>& values,
                                const std::vector<int>& tangents,
                                int threads) {
  MinimizerOptions options;
  options.threads = threads;
  return Minimizer(layout, terms, options).Measure(values, tangents);
}

void Minimize(const ParameterLayout& layout,
              const std::vector<WeightedTerm>& terms,
              const MinimizerOptions& options,
              std::vector<double>* values,
              SolverSummary* summary) {
  FOOTHOLD_CHECK(summary->terms.size() == terms.size(), "RegisterTerms comes first");
  Minimizer(layout, terms, options).Run(values, summary);
  const std::vector<double> costs = EvaluateTerms(layout, terms, *values, options.threads);
  for (size_t t = 0; t < terms.size(); ++t) summary->terms[t].final = costs[t];
}

std::vector<double> EvaluateTerms(const ParameterLayout& layout,
                                  const std::vector<WeightedTerm>& terms,
                                  const std::vector<double>& values,
                                  int threads) {
  const ParameterView view{&layout, values.data()};
  std::vector<double> costs;
  for (const WeightedTerm& weighted : terms) {
    weighted.term->Anneal(1);
    std::vector<double> groups(weighted.term->num_groups());
    ParallelFor(weighted.term->num_groups(), threads, [&](int g) {
      groups[g] = weighted.term->Evaluate(view, g, nullptr);
    });
    double sum = 0;
    for (const double cost : groups) sum += cost;
    costs.push_back(sum);
  }
  return costs;
}

void RegisterTerms(const ParameterLayout& layout,
                   const std::vector<WeightedTerm>& terms,
                   const std::vector<double>& values,
                   int threads,
                   SolverSummary* summary) {
  const std::vector<double> costs = EvaluateTerms(layout, terms, values, threads);
  summary->terms.clear();
  for (size_t t = 0; t < terms.size(); ++t) {
    SolverSummary::TermCost cost;
    cost.name = terms[t].term->name();
    cost.weight = terms[t].weight;
    cost.initial = costs[t];
    cost.final = costs[t];
    cost.num_residuals = terms[t].term->num_residuals();
    summary->terms.push_back(cost);
  }
}

}  // namespace foothold
