// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "foothold/cli/corpus_command.h"
#include "foothold/cli/output.h"
#include "foothold/pipeline/dataset.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold corpus merge run1 run2 --output dataset --name \"City walks\" --licence CC-BY-4.0\n"
    "  foothold corpus merge run1 --output /other/disk/dataset --copy\n\n"
    "Every label is read and checked. A clip that several runs labelled is taken from the run named first.\n"
    "The same command again adds what is new. Exit code 4: some labels were missing or damaged.";

struct Arguments {
  std::vector<std::string> runs;
  MergeOptions options;
  bool json = false;
};

ExitCode Run(const Arguments& arguments) {
  const Dataset dataset = MergeRuns(arguments.runs, arguments.options);
  const ExitCode code = dataset.problems.empty() ? ExitCode::kOk : ExitCode::kIncomplete;
  if (arguments.json) {
    nlohmann::ordered_json json = {{"labels", dataset.entries.size()}, {"problems", dataset.problems}};
    json["duplicates"] = nlohmann::ordered_json::array();
    for (const Dataset::Duplicate& duplicate : dataset.duplicates)
      json["duplicates"].push_back(
          {{"run", duplicate.run}, {"path", duplicate.path}, {"kept", duplicate.kept}});
    PrintJson(json);
    return code;
  }
  for (const std::string& problem : dataset.problems) std::cout << "left out: " << problem << "\n";
  for (const Dataset::Duplicate& duplicate : dataset.duplicates)
    std::cout << "duplicate: " << duplicate.run << "/labels/" << duplicate.path << " is " << duplicate.kept
              << "\n";
  std::cout << arguments.options.output << ": " << Count(static_cast<long>(dataset.entries.size()), "label")
            << ", " << Count(static_cast<long>(dataset.duplicates.size()), "duplicate") << " and "
            << Count(static_cast<long>(dataset.problems.size()), "bad file") << " left out; see DATASET.md\n";
  return code;
}

}  // namespace

void AddCorpusMerge(CLI::App* corpus, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  MergeOptions& options = arguments->options;
  CLI::App* command =
      corpus->add_subcommand("merge", "Make the labels of runs one dataset, with index and data card.");
  command->add_option("runs", arguments->runs, "Output folders of label_corpus.")
      ->type_name("RUN")
      ->required();
  command->add_option("--output", options.output, "Folder of the dataset.")->type_name("DATASET")->required();
  command->add_flag("--copy", options.copy, "Copy label files instead of linking them.");
  command->add_flag(
      "--different-settings", options.different_settings, "Also merge runs made with other options.");
  command->add_option("--name", options.name, "Title of the data card.")->type_name("TEXT");
  command->add_option("--licence", options.licence, "Of the labels, for the data card.")->type_name("TEXT");
  command->add_flag("--json", arguments->json, "Print what was found as JSON.");
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
