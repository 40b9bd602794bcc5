// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/tool_options.h"

#include "foothold/base/log.h"

namespace foothold::cli {

void ToolOptions::BindTo(OptionSet* set) {
  set->Bind(&job);
  set->Bind(&ledger);
  label.BindTo(set);
  set->Bind(&report);
  set->Bind(&synthetic);
  set->Bind(&noise);
}

void Resolve(const OptionArguments& arguments, ToolOptions* options) {
  OptionSet set;
  options->BindTo(&set);
  ResolveOptions(arguments.config_path, arguments.assignments, &set);
  SetLogLevel(LogLevelOf(options->label.run.log_level));
}

}  // namespace foothold::cli
