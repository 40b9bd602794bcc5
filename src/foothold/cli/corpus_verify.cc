// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "foothold/cli/corpus_command.h"
#include "foothold/cli/corpus_run.h"
#include "foothold/cli/output.h"
#include "foothold/corpus/units_file.h"
#include "labels/validator.h"

namespace foothold::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kVerifyFooter[] =
    "Examples:\n"
    "  foothold corpus verify out            every label is there, with its recorded size\n"
    "  foothold corpus verify out --deep     also its checksum and schema\n\n"
    "Exit codes: 0 complete and intact; 4 intact and finished, but units or clips were rejected or\n"
    "quarantined; 9 intact, but units are open: run label_corpus again; 3 not intact: foothold corpus "
    "repair.";

constexpr char kRepairFooter[] =
    "Example:\n"
    "  foothold corpus repair out --deep && label_corpus --config my.conf\n\n"
    "Labels that are not intact move to RUN/set_aside and their units are labelled again by the next run, "
    "or\n"
    "by ranks that are at work. Nothing is deleted.";

struct Arguments {
  std::string output;
  bool deep = false, json = false;
  int threads = 0;
};

RunCheckOptions OptionsOf(const Arguments& arguments) {
  RunCheckOptions options;
  options.deep = arguments.deep;
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  options.threads = arguments.threads > 0 ? arguments.threads : cores;
  const auto mutex = std::make_shared<std::mutex>();  // HDF5 is not for several threads everywhere.
  options.validate = [mutex](const std::string& path) {
    const std::lock_guard lock(*mutex);
    return labels::ValidateLabel(path).problems;
  };
  return options;
}

std::map<std::string, long> ReasonCounts(const RunCheck& check) {
  std::map<std::string, long> counts;
  for (const auto& [unit, cause] : check.records.causes) ++counts[cause.reason];
  return counts;
}

long CountOf(const RunCheck& check, UnitStatus status) {
  return static_cast<long>(check.records.state.Count(status));
}

ExitCode VerdictOf(const RunCheck& check) {
  if (!check.problems.empty()) return ExitCode::kBadInput;
  if (!check.records.state.all_finished()) return ExitCode::kInterrupted;
  const bool complete = CountOf(check, UnitStatus::kDone) == static_cast<long>(check.records.state.size());
  return complete ? ExitCode::kOk : ExitCode::kIncomplete;
}

const char* VerdictText(ExitCode verdict) {
  switch (verdict) {
    case ExitCode::kOk:
      return "complete and intact";
    case ExitCode::kIncomplete:
      return "finished and intact, but not everything has a label";
    case ExitCode::kInterrupted:
      return "intact so far, but units are open; run label_corpus again";
    default:
      return "NOT INTACT; 'foothold corpus repair' opens what is damaged again";
  }
}

void PrintText(const RunCheck& check, ExitCode verdict) {
  std::cout << check.records.state.size() << " units: " << CountOf(check, UnitStatus::kDone) << " done, "
            << CountOf(check, UnitStatus::kPartly) << " partly, " << CountOf(check, UnitStatus::kRejected)
            << " rejected, " << CountOf(check, UnitStatus::kQuarantined) << " quarantined, "
            << CountOf(check, UnitStatus::kOpen) << " open\n"
            << Count(check.labels, "label") << ", " << Count(check.frames, "frame") << ", " << check.bytes
            << " bytes\n";
  for (const auto& [reason, count] : ReasonCounts(check))
    std::cout << "  " << count << " x " << (reason.empty() ? "no reason given" : reason) << "\n";
  if (check.unfinished_labels > 0) {
    std::cout << Count(check.unfinished_labels, "label")
              << " of units that are not finished: found again when these are tried\n";
  }
  if (!check.temporaries.empty())
    std::cout << Count(static_cast<long>(check.temporaries.size()), "hidden file")
              << " of interrupted writers\n";
  if (check.records.damaged_records > 0)
    std::cout << Count(check.records.damaged_records, "damaged record") << " ignored\n";
  constexpr size_t kMost = 50;
  for (size_t i = 0; i < check.problems.size() && i < kMost; ++i)
    std::cout << NameOf(check.problems[i].kind) << ": " << check.problems[i].message << "\n";
  if (check.problems.size() > kMost)
    std::cout << "... and " << check.problems.size() - kMost << " more (--json lists all)\n";
  std::cout << VerdictText(verdict) << "\n";
}

Json ToJson(const RunCheck& check, ExitCode verdict) {
  Json json = {{"units", check.records.state.size()}};
  for (const UnitStatus status : {UnitStatus::kDone,
                                  UnitStatus::kPartly,
                                  UnitStatus::kRejected,
                                  UnitStatus::kQuarantined,
                                  UnitStatus::kOpen}) {
    json[NameOf(status)] = CountOf(check, status);
  }
  json["labels"] = check.labels;
  json["frames"] = check.frames;
  json["bytes"] = check.bytes;
  json["reasons"] = ReasonCounts(check);
  json["unfinished_labels"] = check.unfinished_labels;
  json["damaged_records"] = check.records.damaged_records;
  json["problems"] = Json::array();
  for (const RunProblem& problem : check.problems) {
    json["problems"].push_back(
        {{"kind", NameOf(problem.kind)}, {"path", problem.path}, {"message", problem.message}});
  }
  json["exit_code"] = static_cast<int>(verdict);
  return json;
}

ExitCode Verify(const Arguments& arguments) {
  const RunUnits units = UnitsOfRun(arguments.output);
  const RunCheck check = CheckRun(arguments.output, units, OptionsOf(arguments));
  const ExitCode verdict = VerdictOf(check);
  if (arguments.json) {
    PrintJson(ToJson(check, verdict));
  } else {
    PrintText(check, verdict);
  }
  return verdict;
}

ExitCode Repair(const Arguments& arguments) {
  const RunUnits units = UnitsOfRun(arguments.output);
  const RunCheck check = CheckRun(arguments.output, units, OptionsOf(arguments));
  const auto ledger = OpenLedgerOfRun(arguments.output, units);
  const RepairOutcome outcome = RepairRun(arguments.output, check, ledger.get());
  std::cout << Count(static_cast<long>(check.problems.size()), "problem") << ": "
            << Count(outcome.set_aside, "file") << " set aside, " << Count(outcome.reopened, "unit")
            << " to be labelled again\n";
  return ExitCode::kOk;
}

CLI::App* AddCheckVerb(CLI::App* corpus,
                       const std::string& name,
                       const std::string& help,
                       const std::shared_ptr<Arguments>& arguments) {
  CLI::App* command = corpus->add_subcommand(name, help);
  command->add_option("run", arguments->output, "Output folder of label_corpus.")
      ->type_name("RUN")
      ->required();
  command->add_flag("--deep", arguments->deep, "Read every label: checksum and schema.");
  command->add_option("--threads", arguments->threads, "Labels read at a time; 0: one for each core.")
      ->check(CLI::Range(0, 1024));
  return command;
}

}  // namespace

void AddCorpusVerify(CLI::App* corpus, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      AddCheckVerb(corpus, "verify", "Prove a run complete and intact, or say what is not.", arguments);
  command->add_flag("--json", arguments->json, "Print the findings as JSON.");
  command->footer(kVerifyFooter);
  command->callback([=] { *action = [=] { return Verify(*arguments); }; });
}

void AddCorpusRepair(CLI::App* corpus, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = AddCheckVerb(corpus, "repair", "Have what is not intact labelled again.", arguments);
  command->footer(kRepairFooter);
  command->callback([=] { *action = [=] { return Repair(*arguments); }; });
}

}  // namespace foothold::cli
