// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "foothold/base/atomic_file.h"
#include "foothold/cli/command.h"
#include "foothold/cli/option_flags.h"
#include "foothold/cli/resolve.h"
#include "foothold/pipeline/loop/evaluate.h"
#include "foothold/pipeline/loop/plan.h"
#include "foothold/pipeline/student_solver.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  scripts/closed_loop.sh loop.conf                  all of it, on one machine\n"
    "  slurm/closed_loop.sh loop.conf                    as a chain of jobs\n"
    "  foothold loop plan --config loop.conf             what is left: round, stage, config file\n"
    "  foothold loop evaluate --config run/round-1/round.conf\n\n"
    "docs/closed_loop.md explains the loop.";

ExitCode Plan(const OptionArguments& arguments) {
  ProgramOptions options;
  Resolve(arguments, &options);
  for (const LoopStep& step : PlanLoop(options))
    std::cout << step.round << " " << step.stage << " " << step.config << "\n";
  return ExitCode::kOk;
}

ExitCode Evaluate(const OptionArguments& arguments) {
  EnterStudentProgram();
  ProgramOptions options;
  Resolve(arguments, &options);
  EvaluateRound(options, LoadBody(options.job.body));
  std::cout << ReadFile(options.loop.output + "/loop.md");
  return ExitCode::kOk;
}

void Add(CLI::App* loop,
         const char* name,
         const char* help,
         ExitCode (*run)(const OptionArguments&),
         Action* action) {
  const auto arguments = std::make_shared<OptionArguments>();
  CLI::App* command = loop->add_subcommand(name, help);
  ProgramOptions defaults;
  OptionSet shown;
  defaults.BindTo(&shown);
  AddOptionFlags(command, shown, arguments.get());
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return run(*arguments); }; });
}

}  // namespace

void AddLoopCommand(CLI::App* app, Action* action) {
  CLI::App* loop = app->add_subcommand("loop", "The closed loop of labelling and training, stage by stage.");
  loop->require_subcommand(1);
  loop->footer(kExamples);
  Add(loop, "plan", "Write the rounds' config files and print what is left to do.", Plan, action);
  Add(loop, "evaluate", "Measure a round's student on held-out clips.", Evaluate, action);
}

}  // namespace foothold::cli
