// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

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
  // Identity of everything outside the options that determines labels: program version, body model, networks.
  std::function<std::string(const JobOptions&, const LabelOptions&)> identity;
  std::function<UnitWorker(const WorkerContext&)> make_worker;
};

// Perception that only some programs are linked with; nothing for the names that all have.
struct LearnedPerception {
  std::function<std::string(const LabelOptions&)> identity;  // Of PerceptionMaker, without loading anything.
  std::function<std::optional<PerceptionMaker>(const LabelOptions&)> make;
};

// `learned` may be left out.
CorpusLabeller VideoLabeller(const LearnedPerception& learned = {});

// perception.name as the program's options say, empty when they are not right: RunLabelCorpus will say why.
std::string PerceptionNameOf(int argc, const char* const* argv);

// The whole program; the process exits with the returned code (docs/operations.md).
ExitCode RunLabelCorpus(int argc, const char* const* argv, const CorpusLabeller& labeller);

}  // namespace foothold
