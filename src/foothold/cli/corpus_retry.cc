// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "foothold/base/atomic_file.h"
#include "foothold/cli/corpus_command.h"
#include "foothold/cli/corpus_run.h"
#include "foothold/cli/output.h"
#include "foothold/corpus/quarantine_report.h"
#include "foothold/corpus/units_file.h"

namespace foothold::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kRetryFooter[] =
    "Examples:\n"
    "  foothold corpus retry out                             all rejected and quarantined units\n"
    "  foothold corpus retry out --reason video_missing      those alone\n"
    "  foothold corpus retry out 2019/walk.mp4 --partly      also where only some clips have labels";

constexpr char kQuarantineFooter[] =
    "Examples:\n"
    "  foothold corpus quarantine list out\n"
    "  foothold corpus quarantine release out 2019/walk.mp4";

struct Arguments {
  std::string output;
  UnitChoice choice;
  bool json = false;
};

ExitCode Retry(const Arguments& arguments) {
  const RunUnits units = UnitsOfRun(arguments.output);
  const RunRecords records = ReadRunRecords(arguments.output, units);
  ReopenAndPrint(arguments.output, units, Choose(units, records, arguments.choice));
  return ExitCode::kOk;
}

// The report, or what the records say when it is gone.
QuarantineReport ReportOf(const Arguments& arguments,
                          const RunUnits& units,
                          const RunRecords& records,
                          size_t index) {
  QuarantineReport report;
  report.unit = units.list->At(index);
  const std::string path = arguments.output + "/ledger/quarantine/" + report.unit.Key() + ".json";
  try {
    return QuarantineReport::Parse(ReadFile(path), path);
  } catch (const Error&) {
    const auto cause = records.causes.find(index);
    if (cause == records.causes.end()) return report;
    report.reason = cause->second.reason;
    report.message = cause->second.message;
    return report;
  }
}

void Print(const QuarantineReport& report) {
  std::cout << report.unit.id << ": " << report.reason << ": " << report.message << "\n";
  for (const QuarantineReport::Attempt& attempt : report.attempts) {
    std::cout << "  attempt " << attempt.attempt << " on " << attempt.host << " (" << attempt.process
              << "): " << attempt.reason << "\n";
  }
  for (const std::string& line : report.log) std::cout << "  | " << line << "\n";
  if (!report.reproduce.empty()) std::cout << "  see it fail: " << report.reproduce << "\n";
}

ExitCode ListQuarantine(const Arguments& arguments) {
  const RunUnits units = UnitsOfRun(arguments.output);
  const RunRecords records = ReadRunRecords(arguments.output, units);
  const std::vector<size_t> chosen = Choose(units, records, arguments.choice);
  Json json = Json::array();
  for (const size_t index : chosen) {
    const QuarantineReport report = ReportOf(arguments, units, records, index);
    if (arguments.json) {
      json.push_back(Json::parse(report.Format()));
    } else {
      Print(report);
    }
  }
  if (arguments.json) {
    PrintJson(json);
  } else {
    std::cout << Count(static_cast<long>(chosen.size()), "unit") << (chosen.size() == 1 ? " is" : " are")
              << " in quarantine\n";
  }
  return ExitCode::kOk;
}

CLI::App* AddChoosingVerb(CLI::App* parent,
                          const std::string& name,
                          const std::string& help,
                          const std::shared_ptr<Arguments>& arguments) {
  CLI::App* command = parent->add_subcommand(name, help);
  command->add_option("run", arguments->output, "Output folder of label_corpus.")
      ->type_name("RUN")
      ->required();
  command->add_option("units", arguments->choice.ids, "Ids of units; all when none is given.")
      ->type_name("UNIT");
  command->add_option("--reason", arguments->choice.reason, "Only units with this reason.");
  return command;
}

}  // namespace

void AddCorpusRetry(CLI::App* corpus, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      AddChoosingVerb(corpus, "retry", "Open rejected and quarantined units again.", arguments);
  command->add_flag("--partly", arguments->choice.partly, "Also units of which some clips have no label.");
  command->footer(kRetryFooter);
  command->callback([=] { *action = [=] { return Retry(*arguments); }; });
}

void AddCorpusQuarantine(CLI::App* corpus, Action* action) {
  CLI::App* quarantine = corpus->add_subcommand("quarantine", "Units that were given up.");
  quarantine->require_subcommand(1);
  quarantine->footer(kQuarantineFooter);
  const auto arguments = std::make_shared<Arguments>();
  arguments->choice.rejected = false;
  CLI::App* list = AddChoosingVerb(
      quarantine, "list", "Cause, hosts, last log lines, and a command that shows it again.", arguments);
  list->add_flag("--json", arguments->json, "Print as JSON.");
  list->callback([=] { *action = [=] { return ListQuarantine(*arguments); }; });
  CLI::App* release = AddChoosingVerb(quarantine, "release", "Try them again.", arguments);
  release->callback([=] { *action = [=] { return Retry(*arguments); }; });
}

}  // namespace foothold::cli
