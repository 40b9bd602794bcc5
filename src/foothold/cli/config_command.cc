// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/cli/command.h"
#include "foothold/cli/resolve.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold config > my.conf\n"
    "  foothold config --config my.conf --josh.max_iterations 50\n"
    "  FOOTHOLD_RUN_THREADS=4 foothold config\n"
    "  foothold config --config my.conf --get job.output slurm.tasks\n\n"
    "Later wins: defaults, config file, environment (FOOTHOLD_SECTION_NAME), flags.";

constexpr char kReferenceIntroduction[] =
    "# Options\n\n"
    "Every option of `foothold` and `label_corpus`. Later wins: default, config file, environment, flag. "
    "The\n"
    "option `max_iterations` of section `josh`, for example, is `max_iterations = 50` under `[josh]` in the\n"
    "file given with `--config`, the variable `FOOTHOLD_JOSH_MAX_ITERATIONS`, or the flag\n"
    "`--josh.max_iterations 50`. Values outside their range are refused, all at once; so are unknown names.\n"
    "`foothold config` prints the resolved values as such a file.\n\n"
    "This page is made by `foothold config --reference > docs/options.md`; a test keeps it current.\n\n";

struct Arguments {
  bool reference = false;
  bool labels_only = false;
  std::vector<std::string> get;
  OptionArguments options;
};

// Plain, without the quotes of a config file, for scripts.
std::string ValueOf(const OptionSet& set, const std::string& key) {
  std::vector<std::string> keys;
  for (const OptionSet::Entry& entry : set.entries()) {
    for (const OptionField& field : entry.table->fields) {
      keys.push_back(entry.table->section + "." + field.name);
      if (keys.back() == key) return field.get(entry.options);
    }
  }
  const std::string nearest = NearestWord(key, keys);
  throw Error(ErrorKind::kUsage,
              "--get: there is no option " + key +
                  (nearest.empty() ? "; docs/options.md lists all" : "; did you mean " + nearest + "?"));
}

ExitCode Run(const Arguments& arguments) {
  ProgramOptions options;
  OptionSet set;
  options.BindTo(&set);
  if (arguments.reference) {
    std::cout << kReferenceIntroduction << set.ReferencePage();
    return ExitCode::kOk;
  }
  Resolve(arguments.options, &options);
  for (const std::string& key : arguments.get) std::cout << ValueOf(set, key) << "\n";
  if (!arguments.get.empty()) return ExitCode::kOk;
  std::cout << set.Dump(arguments.labels_only);
  return ExitCode::kOk;
}

}  // namespace

void AddConfigCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app->add_subcommand("config", "Print the resolved options as a config file.");
  command->add_flag(
      "--reference", arguments->reference, "Print docs/options.md: every option with its range.");
  command->add_flag("--labels-only", arguments->labels_only, "Only options that change labels.");
  command->add_option("--get", arguments->get, "Print values only, plain, one per line.")
      ->type_name("SECTION.NAME");
  ProgramOptions defaults;
  OptionSet shown;
  defaults.BindTo(&shown);
  AddOptionFlags(command, shown, &arguments->options);
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
