// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal when killed.
  std::string output;  // stdout and stderr.
};

// Runs a program to its end; with `ranks` > 0 under mpirun.
ProgramResult RunProgram(const std::vector<std::string>& arguments, int ranks = 0);

}  // namespace foothold
