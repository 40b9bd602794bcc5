// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/resolve.h"

#include "foothold/base/log.h"

namespace foothold::cli {

void Resolve(const OptionArguments& arguments, ProgramOptions* options) {
  OptionSet set;
  options->BindTo(&set);
  ResolveOptions(arguments.config_path, arguments.assignments, &set);
  SetLogLevel(LogLevelOf(options->label.run.log_level));
}

}  // namespace foothold::cli
