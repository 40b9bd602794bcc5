// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "foothold/corpus/job_options.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/predict_options.h"
#include "jobs/rank_loop.h"

namespace foothold {

// What a worker is made from, once per rank, after all ranks agreed.
struct WorkerContext {
  JobOptions job;
  LabelOptions label;         // run.threads is resolved to this rank's share of the cores.
  PredictOptions predict;     // Of label.init = student.
  std::string labels_folder;  // <output>/labels
  int memory_rung = 0;        // Of the unit at hand (pipeline/memory_rung.h).
};

// The part of label_corpus that tests replace.
struct CorpusLabeller {
  // Identity of everything outside the options that determines labels: program version, body model.
  std::function<std::string(const JobOptions&)> identity;
  std::function<UnitWorker(const WorkerContext&)> make_worker;
};

// What label.init = student solves with; made once per worker.
using MakeStart = std::function<ClipSolver(const WorkerContext& context, const BodyModel& body)>;

// Without `make_start`, label.init = student throws Error(kUsage).
CorpusLabeller VideoLabeller(const MakeStart& make_start = nullptr);

// Whether this command line and its config file ask for label.init = student. False where they cannot be
// read: RunLabelCorpus says so.
bool WantsStudent(int argc, const char* const* argv);

// The whole program; the process exits with the returned code (docs/operations.md).
ExitCode RunLabelCorpus(int argc, const char* const* argv, const CorpusLabeller& labeller);

}  // namespace foothold
