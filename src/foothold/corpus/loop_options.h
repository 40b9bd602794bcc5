// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// The closed loop of labelling and training (docs/closed_loop.md).
struct LoopOptions {
  std::string output;
  int rounds = 2;
  int ranks = 1;
  std::string truth;
  static const OptionTable& Table();
};

}  // namespace foothold
