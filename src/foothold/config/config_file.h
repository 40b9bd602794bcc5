// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/base/options.h"

namespace foothold {

// A value for "section.name" and where it came from, for messages ("--josh.max_iterations", "a.conf:3").
struct OptionAssignment {
  std::string key;
  std::string text;
  std::string origin;
};

// The entries of a config file, in order:
//
//   # A comment; also after a value, behind a blank.
//   [josh]
//   max_iterations = 50
//   [run]
//   note = "quoted where blanks at the ends, # or ; matter; \" \\ \n \t as in C"
//
// Throws Error(kUsage) with file and line for text of another form and for a key that is set twice;
// Error(kBadInput) when the file cannot be read.
std::vector<OptionAssignment> ParseConfigFile(const std::string& path);
std::vector<OptionAssignment> ParseConfigText(const std::string& text, const std::string& name);

// Fills `set` with defaults < config file (none when the path is empty) < environment (FOOTHOLD_...)
// < `command_line`, and checks all values. Throws Error(kUsage).
void ResolveOptions(const std::string& config_path,
                    const std::vector<OptionAssignment>& command_line,
                    OptionSet* set);

}  // namespace foothold
