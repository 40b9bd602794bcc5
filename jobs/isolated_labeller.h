// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "jobs/label_corpus_job.h"

namespace foothold {

// A labeller that works on units in a process beside the rank (job.isolate): the same executable, called with
// kUnitWorkerArgument, which serves one unit after another. A crash, a hang or a kill of it costs one attempt
// at one unit; the rank records why and starts another. Reasons of failed records:
//
//   worker_crashed   it ended by a signal of its own or an exit code
//   worker_killed    it was killed from outside
//   no_progress      it gave no sign of progress for job.watchdog_s
//   out_of_memory    also the lowest rung of the memory ladder took more than job.memory_gb or the machine
//   has
inline constexpr char kUnitWorkerArgument[] = "--unit-worker";
CorpusLabeller Isolated(const CorpusLabeller& labeller);

// Whether this process was started as such a worker; then main returns RunUnitWorker.
bool IsUnitWorker(int argc, const char* const* argv);
int RunUnitWorker(const CorpusLabeller& labeller);

}  // namespace foothold
