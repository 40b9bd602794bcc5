// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

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
  // Identity of everything outside the options that determines labels: program version, body model, networks.
  std::function<std::string(const JobOptions&, const LabelOptions&)> identity;
  std::function<UnitWorker(const WorkerContext&)> make_worker;
};

// What only programs with LibTorch have; each may be left out.
struct LearnedParts {
  // What label.init = student solves with; made once per worker.
  std::function<ClipSolver(const WorkerContext& context, const BodyModel& body)> make_start;
  // For perception.name = networks, and nothing for other names; made once for the workers of all rungs.
  std::function<std::optional<PerceptionMaker>(const LabelOptions&)> make_perception;
  std::function<std::string(const LabelOptions&)> perception_identity;  // Without loading anything.
};

CorpusLabeller VideoLabeller(const LearnedParts& learned = {});

// Whether this command line and its config file ask for label.init = student or perception.name = networks.
// False where they cannot be read: RunLabelCorpus says so.
bool WantsLearnedParts(int argc, const char* const* argv);

// The whole program; the process exits with the returned code (docs/operations.md).
ExitCode RunLabelCorpus(int argc, const char* const* argv, const CorpusLabeller& labeller);

}  // namespace foothold
