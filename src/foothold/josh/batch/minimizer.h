// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/cholesky.h"
#include "foothold/josh/batch/normal_equations.h"
#include "foothold/josh/batch/pair_systems.h"
#include "foothold/objective/released/cusp.h"
#include "foothold/solver/summary.h"

namespace foothold::batch {

// The minimiser of solver/levenberg_marquardt.cc, one thread block per chunk, turned inside out: an
// attempt is one linearisation (unless the last step was rejected), one step and one decision, and is
// repeated a fixed number of times. A chunk that is done lets attempts pass. Nothing goes to the host.
constexpr double kInitialDamping = 1e-3;
constexpr double kFunctionTolerance = 1e-6;
constexpr int kMaxRejectedInARow = 12;

using Termination = SolverSummary::Termination;

template <ReleasedStage kStage>
FOOTHOLD_HD constexpr int StageIndex() {
  return kStage == ReleasedStage::kReproject ? 1 : 0;
}

FOOTHOLD_HD Cusp CuspAt(const CuspAnnealing& annealing, double progress) {
  const MatchKernelParameters at = annealing.At(progress);
  return {at.gamma, at.epsilon, RobustKernel<double>::FromGamma(at.gamma).offset};
}
template <ReleasedStage kStage>
FOOTHOLD_HD CuspAnnealing MatchAnnealing() {
  return kStage == ReleasedStage::kAlign ? MetreAnnealing() : PixelAnnealing();
}
template <ReleasedStage kStage>
FOOTHOLD_HD void Anneal(int iteration, State* state) {
  const double progress = iteration < kAnnealIterations ? iteration / double(kAnnealIterations) : 1.0;
  state->match_cusp = CuspAt(MatchAnnealing<kStage>(), progress);
  state->human_cusp = CuspAt(MetreAnnealing(), progress);
}

// Unweighted costs of the terms after a sweep, into `terms`. `scratch`: kSumLanes + 1 doubles.
template <ReleasedStage kStage, class Block>
FOOTHOLD_HD void SumTermCosts(
    Block& block, const View& view, const Chunk& chunk, const State& state, double* scratch, double* terms) {
  const double match = SumInOrder(
      block, chunk.tiles.count, scratch, [&](int i) { return view.tile_cost[chunk.tiles.first + i]; });
  block.Once([&] { terms[kMatchTerm] = MatchUnit<kStage>(state) * match; });
  for (int term = kScaleTerm; term < kNumTerms; ++term) {
    const Range groups = chunk.groups[term];
    const double cost =
        SumInOrder(block, groups.count, scratch, [&](int i) { return view.group_cost[groups.first + i]; });
    block.Once([&] { terms[term] = cost; });
  }
}
FOOTHOLD_HD double WeightedTotal(const Chunk& chunk, const double* terms) {
  double total = 0;
  for (int t = 0; t < kNumTerms; ++t) total += chunk.weight[t] * terms[t];
  return total;
}

FOOTHOLD_HD void AddRecord(const View& view,
                           int chunk,
                           int stage,
                           int iteration,
                           double cost,
                           const double* terms,
                           double step_norm,
                           bool accepted,
                           State* state) {
  if (state->num_records >= view.max_records) return;
  Record& record = view.records[(static_cast<int64_t>(chunk) * kNumStages + stage) * view.max_records +
                                state->num_records++];
  record.iteration = iteration;
  record.accepted = accepted ? 1 : 0;
  record.cost = cost;
  for (int t = 0; t < kNumTerms; ++t) record.term_cost[t] = terms[t];
  record.damping = state->damping;
  record.step_norm = step_norm;
}

// Scratch of the kernels below that sum costs.
struct CostScratch {
  double sum[kSumLanes + 1];
  double terms[kNumTerms];
  int flag;
};

// Before both stages: initial cameras; matrices are zero where no block ever writes.
struct BeginBatch {
  static constexpr int kThreads = 256;

  View view;

  static constexpr size_t SharedBytes() { return (kSumLanes + 1) * sizeof(double); }
  int NumBlocks(const BatchCounts& most) const { return most.chunks; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->chunks) return;
    const Chunk& chunk = view.chunks[index];
    const int n = chunk.num_unknowns();
    block.For(n * n, [&](int i) { view.matrix[chunk.first_entry + i] = 0; });
    block.For(chunk.num_keyframes, [&](int k) {
      view.cameras[chunk.first_camera + k] = view.initial_cameras[chunk.first_camera + k];
    });
    const double confidence =
        SumInOrder(block, chunk.tiles.count, block.template Shared<double>(), [&](int i) {
          return view.tile_confidence[chunk.tiles.first + i];
        });
    block.Once([&] {
      State& state = view.states[index];
      state.confidence = confidence;
      state.log_focal = chunk.log_focal;
      state.last_match_cusp[0] = CuspAt(MetreAnnealing(), 1);
      state.last_match_cusp[1] = CuspAt(PixelAnnealing(), 1);
      state.last_human_cusp = CuspAt(MetreAnnealing(), 1);
    });
  }
};

template <ReleasedStage kStage>
struct BeginStage {
  static constexpr int kThreads = 32;

  View view;

  static constexpr size_t SharedBytes() { return 0; }
  int NumBlocks(const BatchCounts& most) const { return most.chunks; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->chunks) return;
    block.Once([&] { Begin(view.chunks[index], &view.states[index]); });
  }

 private:
  FOOTHOLD_HD void Begin(const Chunk& chunk, State* state) const {
    state->phase = kLinearize;
    state->termination = static_cast<int>(Termination::kIterationLimit);
    state->iteration = state->rejected_in_a_row = 0;
    state->num_accepted = state->num_rejected = state->num_non_finite = state->num_records = 0;
    state->solved = false;
    state->damping = kInitialDamping;
    state->damping_growth = 2;
    Anneal<kStage>(0, state);
    const int num_fixed = 6 + (kStage == ReleasedStage::kAlign ? 1 : 0) + (chunk.fixed_size < 0 ? 0 : 1);
    int num_groups = chunk.pairs.count;
    for (const Range& groups : chunk.groups) num_groups += groups.count;
    if (num_groups == 0 || chunk.num_unknowns() == num_fixed) {
      state->phase = kDone;
      state->termination = static_cast<int>(Termination::kNothingToDo);
    } else if (chunk.max_iterations[StageIndex<kStage>()] <= 0) {
      state->phase = kDone;
    }
  }
};

// Solves the damped normal equations of a chunk and makes the candidate cameras.
template <ReleasedStage kStage>
struct SolveStep {
  static constexpr int kThreads = 256;

  View view;
  int max_unknowns;  // Of any chunk.

  size_t SharedBytes() const { return sizeof(CostScratch) + CholeskyScratch(max_unknowns) * sizeof(double); }
  int NumBlocks(const BatchCounts& most) const { return most.chunks; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->chunks) return;
    State& state = view.states[index];
    const int phase = state.phase;
    if (phase == kDone) return;
    const Chunk& chunk = view.chunks[index];
    CostScratch& scratch = *block.template Shared<CostScratch>();
    if (phase == kLinearize) {
      TakeLinearization(block, index, chunk, &state, &scratch);
      if (state.phase == kDone) return;
    }
    const int n = chunk.num_unknowns();
    const double* gradient = view.gradient + chunk.first_unknown;
    const double* scale = view.scale + chunk.first_unknown;
    double* step = view.step + chunk.first_unknown;
    double* factor = view.factor + chunk.first_entry + chunk.first_unknown;  // n^2 + n per chunk.
    double* work = reinterpret_cast<double*>(&scratch + 1);
    const double damping = state.damping;
    const double* matrix = view.matrix + chunk.first_entry;
    constexpr int kRows = 8;  // Of a task: reads that need not wait for each other.
    block.For((n + kRows - 1) / kRows * n, [&](int i) {
      const int top = i / n * kRows, c = i % n;
      double entry[kRows];
      FOOTHOLD_UNROLL
      for (int k = 0; k < kRows; ++k) {
        const int r = top + k;
        entry[k] = r < n && c <= r ? matrix[static_cast<int64_t>(r) * n + c] : 0.0;
        if (r == c) entry[k] += damping * scale[r];
      }
      FOOTHOLD_UNROLL
      for (int k = 0; k < kRows; ++k) {
        const int r = top + k;
        if (r < n && c <= r) factor[static_cast<int64_t>(r) * n + c] = entry[k];
      }
    });
    block.For(n, [&](int c) { factor[static_cast<int64_t>(n) * n + c] = -gradient[c]; });
    bool finite = FactorizeWithRightSide(block, n, factor, work, &scratch.flag);
    if (finite) {
      SolveFactorized(block, n, factor, work, step);
      finite = MakeCandidate(block, chunk, state, step, &scratch);
    }
    double norm = 0, predicted = 0;
    if (finite) {
      norm = sqrt(SumInOrder(block, n, scratch.sum, [&](int i) { return step[i] * step[i]; }));
      predicted = SumInOrder(block,
                             n,
                             scratch.sum,
                             [&](int i) { return step[i] * (damping * scale[i] * step[i] - gradient[i]); }) /
                  2;
    }
    block.Once([&] {
      state.solved = finite;
      state.step_norm = norm;
      state.predicted_decrease = predicted;
      state.candidate_log_focal = state.log_focal + (finite ? step[n - 1] : 0.0);
    });
  }

 private:
  // Cost, Marquardt's scaling and the check of a new linearisation.
  template <class Block>
  FOOTHOLD_HD void TakeLinearization(
      Block& block, int index, const Chunk& chunk, State* state, CostScratch* scratch) const {
    const int n = chunk.num_unknowns();
    double* scale = view.scale + chunk.first_unknown;
    const double* gradient = view.gradient + chunk.first_unknown;
    const double* matrix = view.matrix + chunk.first_entry;
    SumTermCosts<kStage>(block, view, chunk, *state, scratch->sum, scratch->terms);
    const bool broken = Any(block, n, &scratch->flag, [&](int i) {
      return !IsFinite(gradient[i]) || !IsFinite(matrix[static_cast<int64_t>(i) * n + i]);
    });
    block.For(n, [&](int i) {
      const double diagonal = matrix[static_cast<int64_t>(i) * n + i];
      // The floor keeps dimensions that no residual sees where they are.
      scale[i] = diagonal < 1e-6 ? 1e-6 : diagonal;
    });
    block.Once([&] {
      state->cost = WeightedTotal(chunk, scratch->terms);
      for (int t = 0; t < kNumTerms; ++t) state->term_cost[t] = scratch->terms[t];
      if (broken || !IsFinite(state->cost)) {
        ++state->num_non_finite;
        state->phase = kDone;
        state->termination = static_cast<int>(Termination::kNonFinite);
      } else if (state->iteration == 0) {
        AddRecord(view, index, StageIndex<kStage>(), 0, state->cost, state->term_cost, 0, true, state);
      }
    });
  }

  // Returns whether all of it is finite and within its range.
  template <class Block>
  FOOTHOLD_HD bool MakeCandidate(
      Block& block, const Chunk& chunk, const State& state, const double* step, CostScratch* scratch) const {
    return !Any(block, chunk.num_keyframes + 1, &scratch->flag, [&](int k) {
      const double* d = step + k * kUnknownsPerCamera;
      if (k == chunk.num_keyframes) {
        const double log_focal = state.log_focal + d[0];
        return !(log_focal >= chunk.min_log_focal && log_focal <= chunk.max_log_focal);
      }
      const Camera& from = view.cameras[chunk.first_camera + k];
      Camera& to = view.candidates[chunk.first_camera + k];
      const Quatd old{from.rotation[0], from.rotation[1], from.rotation[2], from.rotation[3]};
      const Quatd turned = Normalized(ExpQuaternion(Vec3d{d[0], d[1], d[2]}) * old);
      const Quatd rotation = k == chunk.root ? old : turned;
      to.rotation[0] = rotation.w;
      to.rotation[1] = rotation.x;
      to.rotation[2] = rotation.y;
      to.rotation[3] = rotation.z;
      bool finite = true;
      for (const double q : to.rotation) finite = finite && IsFinite(q);
      for (int c = 0; c < 3; ++c) {
        to.center_m[c] = from.center_m[c] + d[3 + c];
        finite = finite && IsFinite(to.center_m[c]);
      }
      to.log_size = from.log_size + d[kLogScale];
      return !finite || !(to.log_size > -kMaxLogSize && to.log_size < kMaxLogSize);
    });
  }
};

// Accepts or rejects the candidate, by the gain ratio (Nielsen 1999).
template <ReleasedStage kStage>
struct Decide {
  static constexpr int kThreads = 64;

  View view;

  static constexpr size_t SharedBytes() { return sizeof(CostScratch); }
  int NumBlocks(const BatchCounts& most) const { return most.chunks; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->chunks) return;
    State& state = view.states[index];
    const bool done = state.phase == kDone, solved = state.solved;
    block.Sync();  // All have read what is about to change.
    if (done) return;
    const Chunk& chunk = view.chunks[index];
    CostScratch& scratch = *block.template Shared<CostScratch>();
    if (solved) SumTermCosts<kStage>(block, view, chunk, state, scratch.sum, scratch.terms);
    block.Once([&] {
      const double new_cost = solved ? WeightedTotal(chunk, scratch.terms) : 0;
      const bool finite = solved && IsFinite(new_cost);
      const double decrease = state.cost - new_cost;
      scratch.flag = finite && decrease >= 0 && state.predicted_decrease > 0;
      if (scratch.flag != 0) {
        Accept(index, chunk, new_cost, decrease, scratch.terms, &state);
      } else {
        Reject(index, chunk, finite, &state);
      }
    });
    if (scratch.flag == 0) return;
    block.For(chunk.num_keyframes,
              [&](int k) { view.cameras[chunk.first_camera + k] = view.candidates[chunk.first_camera + k]; });
  }

 private:
  FOOTHOLD_HD void Accept(int index,
                          const Chunk& chunk,
                          double new_cost,
                          double decrease,
                          const double* terms,
                          State* state) const {
    const double gain = 2 * (decrease / state->predicted_decrease) - 1, cube = 1 - gain * gain * gain;
    AddRecord(view,
              index,
              StageIndex<kStage>(),
              state->iteration + 1,
              new_cost,
              terms,
              state->step_norm,
              true,
              state);
    ++state->num_accepted;
    state->log_focal = state->candidate_log_focal;
    const double damping = state->damping * (cube > 1.0 / 3 ? cube : 1.0 / 3);
    state->damping = damping > 1e-9 ? damping : 1e-9;
    state->damping_growth = 2;
    if (state->iteration >= kAnnealIterations && decrease <= kFunctionTolerance * state->cost) {
      state->phase = kDone;
      state->termination = static_cast<int>(Termination::kConverged);
    } else {
      NextIteration(chunk, state);
    }
  }

  FOOTHOLD_HD void Reject(int index, const Chunk& chunk, bool finite, State* state) const {
    ++state->num_rejected;
    if (!finite) ++state->num_non_finite;
    AddRecord(view,
              index,
              StageIndex<kStage>(),
              state->iteration + 1,
              state->cost,
              state->term_cost,
              finite ? state->step_norm : 0,
              false,
              state);
    const double damping = state->damping * state->damping_growth, growth = 2 * state->damping_growth;
    state->damping = damping < 1e12 ? damping : 1e12;
    state->damping_growth = growth < 1e6 ? growth : 1e6;
    state->phase = kRetry;
    if (++state->rejected_in_a_row <= kMaxRejectedInARow) return;
    state->damping_growth = 2;
    if (state->iteration < kAnnealIterations) {
      NextIteration(chunk, state);  // The next, sharper form of the cost may allow a step.
    } else {
      state->phase = kDone;
      state->termination = static_cast<int>(Termination::kNoProgress);
    }
  }

  FOOTHOLD_HD static void NextIteration(const Chunk& chunk, State* state) {
    ++state->iteration;
    state->rejected_in_a_row = 0;
    state->phase = state->iteration < chunk.max_iterations[StageIndex<kStage>()] ? kLinearize : kDone;
    Anneal<kStage>(state->iteration, state);
  }
};

// Ends a stage: its result.
template <ReleasedStage kStage>
struct EndStage {
  static constexpr int kThreads = 64;

  View view;

  static constexpr size_t SharedBytes() { return 0; }
  int NumBlocks(const BatchCounts& most) const { return most.chunks; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->chunks) return;
    const Chunk& chunk = view.chunks[index];
    const State& state = view.states[index];
    constexpr int kIndex = StageIndex<kStage>();
    StageResult& result = view.results[static_cast<int64_t>(index) * kNumStages + kIndex];
    block.Once([&] {
      result.termination = state.termination;
      result.num_accepted = state.num_accepted;
      result.num_rejected = state.num_rejected;
      result.num_non_finite = state.num_non_finite;
      result.num_records = state.num_records;
      result.log_focal = state.log_focal;
    });
    block.For(chunk.num_keyframes, [&](int k) {
      view.results_cameras[kIndex][chunk.first_camera + k] = view.cameras[chunk.first_camera + k];
    });
  }
};

// Costs of the terms after a kReport sweep, before or after both stages.
template <ReleasedStage kStage>
struct Report {
  static constexpr int kThreads = 64;

  View view;
  bool at_end;

  static constexpr size_t SharedBytes() { return sizeof(CostScratch); }
  int NumBlocks(const BatchCounts& most) const { return most.chunks; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->chunks) return;
    CostScratch& scratch = *block.template Shared<CostScratch>();
    SumTermCosts<kStage>(block, view, view.chunks[index], view.states[index], scratch.sum, scratch.terms);
    StageResult& result = view.results[static_cast<int64_t>(index) * kNumStages + StageIndex<kStage>()];
    block.For(kNumTerms,
              [&](int t) { (at_end ? result.final_term : result.initial_term)[t] = scratch.terms[t]; });
  }
};

}  // namespace foothold::batch
