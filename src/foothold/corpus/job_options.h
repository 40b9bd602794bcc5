// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// What a rank program works on. In the option tables, so that one config file describes a whole job.
struct JobOptions {
  std::string corpus;
  std::string output;
  std::string body;
  double checkpoint_s = 5;   // Between partial results of a unit.
  bool isolate = true;       // Units are worked on in a process beside the rank.
  double watchdog_s = 600;   // Without progress, after which a unit is given up.
  double memory_gb = 0;      // That the process beside may have; 0: no bound.
  static const OptionTable& Table();
};

}  // namespace foothold
