// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/released_batch.h"

#include <optional>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/josh/batch/executor.h"
#include "foothold/josh/batch/prepare.h"

namespace foothold {
namespace {

using batch::PreparedChunk;

void CheckOptions(const ReleasedBatchOptions& options) {
  if (options.solve.free_bodies)
    throw Error(ErrorKind::kUsage, "the batched solver keeps bodies as they are");
  if (options.spare_attempts < 0 || options.threads < 1) {
    throw Error(ErrorKind::kUsage, "spare_attempts must be at least 0 and threads at least 1");
  }
}

// What keeps a problem from being solved, or nothing.
std::string WhyNot(const JointProblem& problem, const BodyModel& model) {
  const std::vector<std::string> wrong = CheckJointProblem(problem, model.num_vertices);
  if (!wrong.empty()) {
    return wrong.front() + (wrong.size() > 1 ? " (and " + std::to_string(wrong.size() - 1) + " more)" : "");
  }
  if (problem.num_keyframes() > batch::kMaxKeyframes) {
    return std::to_string(problem.num_keyframes()) + " keyframes; a batch takes problems of at most " +
           std::to_string(batch::kMaxKeyframes);
  }
  return "";
}

ReleasedBatchResult Unsolved(const JointProblem& problem, std::string why) {
  ReleasedBatchResult result;
  result.problem = std::move(why);
  result.solution.aligned = result.solution.reprojected = InitialParameters(problem);
  return result;
}

}  // namespace

struct ReleasedBatchSolver::Implementation {
  ReleasedBatchOptions options;
  std::unique_ptr<batch::Executor> executor;
  int64_t last_matches = 0;  // Padded, of the last batch.

  void SolveBatch(const std::vector<int>& members,
                  const std::vector<const JointProblem*>& problems,
                  const std::vector<PreparedChunk>& prepared,
                  std::vector<ReleasedBatchResult>* results);
};

void ReleasedBatchSolver::Implementation::SolveBatch(const std::vector<int>& members,
                                                     const std::vector<const JointProblem*>& problems,
                                                     const std::vector<PreparedChunk>& prepared,
                                                     std::vector<ReleasedBatchResult>* results) {
  std::vector<batch::Size> before;
  batch::Size total;
  for (const int m : members) {
    before.push_back(total);
    total = total + prepared[m].size;
  }
  const batch::View view = executor->Reserve(batch::Bucket(total));
  *view.counts = batch::CountsOf(total);
  const int count = static_cast<int>(members.size());
  ParallelFor(count, options.threads, [&](int c) {
    batch::WriteChunk(*problems[members[c]], prepared[members[c]], before[c], view);
    executor->Send(before[c], prepared[members[c]].size);
  });
  const int attempts[] = {batch::NumAttempts(options, 0), batch::NumAttempts(options, 1)};
  executor->Run(attempts);
  ParallelFor(count, options.threads, [&](int c) {
    (*results)[members[c]] = batch::ReadChunk(
        *problems[members[c]], prepared[members[c]], c, static_cast<int>(before[c].cameras), view);
  });
  last_matches = total.packed;
}

ReleasedBatchSolver::ReleasedBatchSolver(const ReleasedBatchOptions& options, BatchDevice device)
    : implementation_(std::make_unique<Implementation>()) {
  CheckOptions(options);
  implementation_->options = options;
  implementation_->executor = device == BatchDevice::kCuda
                                  ? batch::MakeCudaExecutor(options.memory_budget_bytes)
                                  : batch::MakeHostExecutor(options.threads);
}
ReleasedBatchSolver::~ReleasedBatchSolver() = default;

std::vector<ReleasedBatchResult> ReleasedBatchSolver::Solve(const std::vector<const JointProblem*>& problems,
                                                            const BodyModel& model) {
  Implementation& self = *implementation_;
  const int count = static_cast<int>(problems.size());
  std::vector<std::string> why_not(problems.size());
  std::vector<PreparedChunk> prepared(problems.size());
  ParallelFor(count, self.options.threads, [&](int p) {
    why_not[p] = WhyNot(*problems[p], model);
    if (why_not[p].empty()) prepared[p] = batch::PrepareChunk(*problems[p], model, self.options);
  });
  std::vector<int> solvable;
  std::vector<batch::Size> sizes;
  std::vector<ReleasedBatchResult> results(problems.size());
  for (int p = 0; p < count; ++p) {
    if (why_not[p].empty()) {
      solvable.push_back(p);
      sizes.push_back(prepared[p].size);
      why_not[p] = "larger than the memory budget of " +
                   std::to_string(self.options.memory_budget_bytes >> 20) +
                   " MiB";  // Unless it becomes part of a batch.
    }
    results[p].problem = why_not[p];
  }
  for (std::vector<int> members : batch::PlanBatches(sizes, self.options.memory_budget_bytes)) {
    for (int& m : members) m = solvable[m];
    self.SolveBatch(members, problems, prepared, &results);
    for (const int m : members) why_not[m].clear();
  }
  for (int p = 0; p < count; ++p) {
    if (!why_not[p].empty()) results[p] = Unsolved(*problems[p], why_not[p]);
  }
  return results;
}

ReleasedBatchSolver::Accumulation ReleasedBatchSolver::MeasureAccumulation(ReleasedStage stage, int passes) {
  FOOTHOLD_CHECK(implementation_->last_matches > 0, "a batch must be solved before its passes are measured");
  constexpr double kBytesPerMatch = 9 * sizeof(float);
  return {implementation_->executor->TimeSums_ms(stage, passes),
          kBytesPerMatch * implementation_->last_matches};
}

std::vector<ReleasedBatchResult> SolveReleasedBatch(const std::vector<const JointProblem*>& problems,
                                                    const BodyModel& model,
                                                    const ReleasedBatchOptions& options,
                                                    BatchDevice device) {
  return ReleasedBatchSolver(options, device).Solve(problems, model);
}

}  // namespace foothold
