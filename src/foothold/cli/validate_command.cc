// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "labels/observation_file.h"
#include "labels/validator.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold validate labels\n"
    "  foothold validate labels/walk.h5 clip.observations.h5 --json\n\n"
    "Exit code 0: every file is valid; 3: at least one is not.";

struct Arguments {
  std::vector<std::string> paths;
  bool json = false;
};

labels::ValidationReport Validate(const std::string& path) {
  if (!path.ends_with(".observations.h5")) return labels::ValidateLabel(path);
  labels::ValidationReport report;
  report.path = path;
  try {
    labels::ReadObservations(path);
  } catch (const Error& error) {
    report.problems.push_back(error.what());
  }
  return report;
}

ExitCode Run(const Arguments& arguments) {
  int num_bad = 0;
  const std::vector<std::string> files = ExpandPaths(arguments.paths, ".h5");
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const std::string& path : files) {
    const labels::ValidationReport report = Validate(path);
    const bool valid = report.problems.empty();
    num_bad += valid ? 0 : 1;
    if (arguments.json) {
      json.push_back({{"path", path}, {"valid", valid}, {"problems", report.problems}});
      continue;
    }
    std::cout << path << ": " << (valid ? "valid" : "NOT VALID") << "\n";
    for (const std::string& problem : report.problems) std::cout << "  " << problem << "\n";
  }
  if (arguments.json) PrintJson(json);
  if (num_bad == 0) return ExitCode::kOk;
  throw Error(ErrorKind::kBadInput,
              std::to_string(num_bad) + " of " + Count(static_cast<long>(files.size()), "file") +
                  (num_bad == 1 ? " is" : " are") + " not valid; make them again with foothold label");
}

}  // namespace

void AddValidateCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app->add_subcommand(
      "validate", "Check label, truth and observation files: checksums, structure, ranges, finite values.");
  command->add_option("paths", arguments->paths, "Files, or folders whose .h5 files are all checked.")
      ->type_name("PATH")
      ->required();
  command->add_flag("--json", arguments->json, "Print the findings as JSON.");
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
