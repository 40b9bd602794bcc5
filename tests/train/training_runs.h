// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "jobs/run_program.h"

namespace foothold {

// Runs train_check, training a network of a few thousand weights, and reads what it wrote.
struct TrainingRun {
  ProgramResult result;
  std::map<long, double> losses;  // By step; a step that was done twice counts once.
  std::string model;              // Bytes of model.safetensors; empty without.
};

struct TrainingCase {
  std::string output;
  int ranks = 0;  // 0: without mpirun.
  int steps = 6;
  std::vector<std::string> more;  // Further options.
  std::string fault;              // Of train_check.
};
TrainingRun RunTraining(const TrainingCase& training);

// Largest relative difference of two runs' losses; infinity unless both have the same steps.
double LargestDifference(const TrainingRun& a, const TrainingRun& b);
// "--all" of scripts/test.sh.
bool TestAll();

}  // namespace foothold
