// SPDX-License-Identifier: Apache-2.0
#include "jobs/run_program.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace foothold {

ProgramResult RunProgram(const std::vector<std::string>& arguments, int ranks) {
  std::string command;
  if (ranks > 0) {
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 1);
    command =
        std::string(FOOTHOLD_MPIEXEC) + " -n " + std::to_string(ranks) + " --oversubscribe --bind-to none ";
  }
  for (const std::string& argument : arguments) command += "'" + argument + "' ";
  FILE* pipe = popen((command + "2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start " + command);
  ProgramResult result;
  std::array<char, 4096> buffer;
  while (const size_t count = fread(buffer.data(), 1, buffer.size(), pipe))
    result.output.append(buffer.data(), count);
  const int status = pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace foothold
