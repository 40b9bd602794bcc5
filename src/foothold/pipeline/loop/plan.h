// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/pipeline/program_options.h"

namespace foothold {

// Of one round of the closed loop, in loop.output:
//
//   round-N/round.conf                  the loop's options with this round's folders: for every program
//   round-N/labels/                     output of label_corpus
//   round-N/model/                      output of train_student
//   round-N/evaluation/                 what the student predicts of held-out clips, and summary.json
//   loop.md                             a table of all rounds
struct LoopFolders {
  LoopFolders(const std::string& output, int round);
  std::string config, labels, label_files, model, weights, evaluation, summary;
};

struct LoopStep {
  int round = 0;       // From 1.
  std::string stage;   // label, train, evaluate
  std::string config;  // Of the round.
};

// What is left to do, in order. Writes the rounds' config files. Throws Error(kUsage) for options that are
// missing, and when a round was begun with others that decide about labels or weights; Error(kStorage).
std::vector<LoopStep> PlanLoop(const ProgramOptions& options);

// The options of one round; from the second on, labelling begins with the student of the one before.
ProgramOptions OptionsOfRound(const ProgramOptions& options, int round);

}  // namespace foothold
