// SPDX-License-Identifier: Apache-2.0
#include "cli/run_tool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "foothold/base/atomic_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

constexpr int kNotPermitted = 97;

ToolResult RunShell(const std::string& script, const std::string& folder) {
  const TemporaryFolder output;
  const std::string file = output.Write("run.sh", "cd '" + folder + "'\n" + script + "\n");
  const std::string command =
      "sh '" + file + "' >'" + output.File("out") + "' 2>'" + output.File("err") + "' </dev/null";
  const int status = std::system(command.c_str());
  ToolResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  result.out = ReadFile(output.File("out"));
  result.err = ReadFile(output.File("err"));
  return result;
}

std::string Tool(const std::string& arguments) { return FOOTHOLD_BINARY_DIR "/bin/foothold " + arguments; }

}  // namespace

ToolResult RunTool(const std::string& arguments, const std::string& folder) {
  return RunShell(Tool(arguments), folder);
}

bool RunToolWithMount(const std::string& mount_command,
                      const std::string& arguments,
                      const std::string& folder,
                      ToolResult* result) {
  const std::string unshare = geteuid() == 0 ? "unshare -m sh -c " : "unshare -rm sh -c ";
  const std::string inside = mount_command + " || exit 97; " + Tool(arguments);
  *result = RunShell(unshare + "'" + inside + "' || exit $?", folder);
  const bool refused = result->err.find("unshare: ") != std::string::npos;
  return result->exit_code != kNotPermitted && !refused;
}

}  // namespace foothold
