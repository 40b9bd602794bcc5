// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/config/config_file.h"

namespace CLI {
class App;
}

namespace foothold::cli {

// What the user said about options on one command line: --config and every --section.name.
struct OptionArguments {
  std::string config_path;
  std::vector<OptionAssignment> assignments;
};

// Adds --config FILE and one flag per field of `shown` to `command`, grouped by section; parsing fills
// `arguments`, which must outlive it.
void AddOptionFlags(CLI::App* command, const OptionSet& shown, OptionArguments* arguments);

// Adds "--NAME VALUE" (with `is_switch`, "--NAME") as another way to say "--key VALUE".
void AddAlias(CLI::App* command,
              const std::string& flag,
              const std::string& key,
              bool is_switch,
              const OptionSet& shown,
              OptionArguments* arguments);

}  // namespace foothold::cli
