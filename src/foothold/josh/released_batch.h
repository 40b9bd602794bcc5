// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/josh/released_solve.h"

namespace foothold {

// Minimises the released objective with frozen bodies (released_solve.h) for many problems at once, on
// the CPU or on a GPU: the same algorithm and the same kernel bodies on both (josh/batch).

enum class BatchDevice { kCpu, kCuda };

struct ReleasedBatchOptions {
  ReleasedSolveOptions solve;  // free_bodies must be false.
  // Steps per stage that may be rejected. Attempts are launched blindly, so this bounds the work: a
  // problem that has used them up ends at its iteration limit.
  int spare_attempts = 8;
  int threads = 1;  // Of the host, for copying in and, on the CPU, for kernels. Changes no bit.
  // Of device memory (of host memory on the CPU). More problems than fit are solved in several batches.
  size_t memory_budget_bytes = size_t{4} << 30;
};

struct ReleasedBatchResult {
  // Empty, or why this problem could not be solved; then the solution has the initial parameters or, in
  // numbers that ceased to be finite later, the last finite ones.
  std::string problem;
  ReleasedSolution solution;
};

class ReleasedBatchSolver {
 public:
  // Throws Error(kDevice) when a GPU is asked for and there is none; it takes the current one
  // (SelectDevice). Throws Error(kUsage) on options out of range.
  ReleasedBatchSolver(const ReleasedBatchOptions& options, BatchDevice device);
  ~ReleasedBatchSolver();

  // One result per problem. Problems are checked; a bad one is reported for itself. A result does not
  // depend on what else is in the batch: not a bit on one device. Memory and recorded graphs are kept
  // for the next call.
  std::vector<ReleasedBatchResult> Solve(const std::vector<const JointProblem*>& problems,
                                         const BodyModel& model);

  // For benchmarks: one pass of residuals and derivatives over all matches of the last batch solved.
  struct Accumulation {
    double milliseconds = 0;  // Per pass.
    double bytes = 0;         // Of matches, each counted once.
  };
  Accumulation MeasureAccumulation(ReleasedStage stage, int passes);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// With a solver of its own.
std::vector<ReleasedBatchResult> SolveReleasedBatch(const std::vector<const JointProblem*>& problems,
                                                    const BodyModel& model,
                                                    const ReleasedBatchOptions& options,
                                                    BatchDevice device);

}  // namespace foothold
