// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "foothold/corpus/job_options.h"
#include "foothold/pipeline/label_video.h"
#include "jobs/rank_loop.h"

namespace foothold {

// What a worker is made from, once per rank, after all ranks agreed.
struct WorkerContext {
  JobOptions job;
  LabelOptions label;         // run.threads is resolved to this rank's share of the cores.
  std::string labels_folder;  // <output>/labels
  int memory_rung = 0;        // Of the unit at hand (pipeline/memory_rung.h).
};

// The part of label_corpus that tests replace.
struct CorpusLabeller {
  // Identity of everything outside the options that determines labels: program version, body model.
  std::function<std::string(const JobOptions&)> identity;
  std::function<UnitWorker(const WorkerContext&)> make_worker;
};

CorpusLabeller VideoLabeller();

// The whole program; the process exits with the returned code (docs/operations.md).
ExitCode RunLabelCorpus(int argc, const char* const* argv, const CorpusLabeller& labeller);

}  // namespace foothold
