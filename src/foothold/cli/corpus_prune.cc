// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "foothold/cli/corpus_command.h"
#include "foothold/cli/output.h"
#include "foothold/corpus/run_prune.h"
#include "foothold/corpus/run_records.h"
#include "foothold/corpus/status_formats.h"
#include "foothold/corpus/units_file.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold corpus prune out --dry-run\n"
    "  foothold corpus prune out --older-than 2 --timings\n\n"
    "Removes temporaries of writers that died and claims of finished units. Labels, records and reports of\n"
    "quarantined units stay.";

struct Arguments {
  std::string output;
  double older_than_h = 24;
  PruneOptions options;
};

ExitCode Run(const Arguments& arguments) {
  PruneOptions options = arguments.options;
  options.older_than_s = 3600 * arguments.older_than_h;
  const RunUnits units = UnitsOfRun(arguments.output);
  const PruneOutcome outcome =
      PruneRun(arguments.output, units, ReadRunState(arguments.output, units), options);
  std::cout << (options.dry_run ? "would remove " : "removed ")
            << Count(outcome.temporaries, "temporary file") << ", " << Count(outcome.claims, "claim") << ", "
            << Count(outcome.timings, "timing file") << ", " << Count(outcome.partial, "checkpoint") << " ("
            << BytesText(outcome.bytes) << ")\n";
  return ExitCode::kOk;
}

}  // namespace

void AddCorpusPrune(CLI::App* corpus, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = corpus->add_subcommand("prune", "Remove what a run leaves behind and nothing needs.");
  command->add_option("run", arguments->output, "Output folder of label_corpus.")
      ->type_name("RUN")
      ->required();
  command->add_flag("--dry-run", arguments->options.dry_run, "Count, and remove nothing.");
  command->add_option("--older-than", arguments->older_than_h, "Hours since a file was touched.")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command->add_flag("--timings", arguments->options.timings, "Also remove the timing files beside labels.");
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
