// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/cli/option_flags.h"
#include "foothold/corpus/job_options.h"
#include "foothold/corpus/ledger.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/report.h"
#include "foothold/scene/synthetic.h"

namespace foothold::cli {

// Every option there is, so that one config file serves every subcommand and label_corpus.
struct ToolOptions {
  JobOptions job;
  LedgerOptions ledger;
  LabelOptions label;
  ReportOptions report;
  SyntheticOptions synthetic;
  NoiseOptions noise;

  void BindTo(OptionSet* set);
};

// Fills `options` from the config file, the environment and the flags, checks them all, and applies the
// log level. Throws Error(kUsage).
void Resolve(const OptionArguments& arguments, ToolOptions* options);

}  // namespace foothold::cli
