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
  double checkpoint_s = 20;  // Between partial results of a unit.
  static const OptionTable& Table();
};

}  // namespace foothold
