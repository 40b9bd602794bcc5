// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// What slurm/submit.sh and slurm/label_corpus.sbatch read from the run's config file. The programs only
// check them.
struct SlurmOptions {
  int tasks = 1;
  int cpus_per_task = 1;
  std::string time_limit;
  std::string sbatch_arguments;
  int drain_s = 60;
  int max_restarts = 5;
  bool accept_incomplete = false;
  static const OptionTable& Table();
};

}  // namespace foothold
