// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/cli/option_flags.h"
#include "foothold/pipeline/program_options.h"

namespace foothold::cli {

// Fills `options` from the config file, the environment and the flags, checks them all, and applies the
// log level. Throws Error(kUsage).
void Resolve(const OptionArguments& arguments, ProgramOptions* options);

}  // namespace foothold::cli
