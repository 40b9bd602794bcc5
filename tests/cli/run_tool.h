// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold {

struct ToolResult {
  int exit_code = -1;  // -1: ended by a signal.
  std::string out, err;
};

// Runs `foothold ARGUMENTS` through the shell, in `folder`.
ToolResult RunTool(const std::string& arguments, const std::string& folder = ".");

// Runs `mount_command; foothold ARGUMENTS` in a mount namespace of its own, so that nothing stays
// mounted. False when this machine does not permit it.
bool RunToolWithMount(const std::string& mount_command,
                      const std::string& arguments,
                      const std::string& folder,
                      ToolResult* result);

}  // namespace foothold
