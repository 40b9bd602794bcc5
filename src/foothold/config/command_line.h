// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/config/config_file.h"

namespace foothold {

// Command line of a rank program: "--config FILE", "--help", "--print-config", one flag per field of
// an OptionSet ("--josh.max_iterations 50" or with "="), and short names for some of them.
struct RankCommandLine {
  bool help = false;
  bool print_config = false;
  std::string config_path;
  std::vector<OptionAssignment> assignments;
};

// `aliases` maps short flags to keys, as {"corpus", "corpus.list"}. Throws Error(kUsage), for an unknown
// flag with the nearest known one.
RankCommandLine ParseRankCommandLine(int argc,
                                     const char* const* argv,
                                     const OptionSet& set,
                                     const std::map<std::string, std::string>& aliases);

// Text for --help.
std::string RankCommandLineHelp(const std::string& usage,
                                const OptionSet& set,
                                const std::map<std::string, std::string>& aliases);

}  // namespace foothold
