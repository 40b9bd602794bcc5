// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string_view>

#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "foothold/pipeline/label_video.h"

namespace foothold::cli {
namespace {

constexpr char kFooter[] =
    "Start here:\n"
    "  foothold synth demo --clips 1 --seed 1        make a clip with known truth\n"
    "  foothold label demo/*.mp4 -o labels           label it\n"
    "  foothold report labels -o report.html         look at it\n\n"
    "'foothold COMMAND --help' explains each command. Exit codes: 0 done, 2 wrong usage, 3 an input\n"
    "cannot be used, 4 done but some clips could not be labelled, 6 output cannot be written.";

void AddCommands(CLI::App* app, Action* action) {
  AddLabelCommand(app, action);
  AddPredictCommand(app, action);
  AddLoopCommand(app, action);
  AddSynthCommand(app, action);
  AddValidateCommand(app, action);
  AddInspectCommand(app, action);
  AddReportCommand(app, action);
  AddEvaluateCommand(app, action);
  AddConfigCommand(app, action);
  AddBenchCommand(app, action);
  AddStatusCommand(app, action);
  AddCorpusCommand(app, action);
}

std::string DidYouMean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string nearest = NearestWord(word, candidates);
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

// The subcommand that the argument at `depth` names, or null when there is none or it is a flag.
const CLI::App* FindCommand(const CLI::App& app, int depth, int argc, const char* const* argv) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  if (commands.empty() || argc <= depth || argv[depth][0] == '-') return nullptr;
  std::vector<std::string> names;
  for (const CLI::App* command : commands) {
    if (command->get_name() == argv[depth]) return command;
    names.push_back(command->get_name());
  }
  throw Error(ErrorKind::kUsage,
              "unknown command '" + std::string(argv[depth]) + "'" + DidYouMean(argv[depth], names) +
                  " (foothold --help lists all)");
}

// Before parsing, so that a mistyped flag gets a suggestion rather than the consequence of its absence.
void CheckFlags(const CLI::App& command, int argc, const char* const* argv) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  for (int i = 2; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") return;
    if (!argument.starts_with("--")) continue;
    const std::string flag(argument.substr(0, argument.find('=')));
    if (std::find(known.begin(), known.end(), flag) != known.end()) continue;
    throw Error(ErrorKind::kUsage,
                "unknown option " + flag + DidYouMean(flag, known) + " (foothold " + command.get_name() +
                    " --help lists all)");
  }
}

int Run(int argc, const char* const* argv) {
  CLI::App app(
      "Foothold labels web video with metric human motion, camera and scene. Works offline; the same\n"
      "video and options give the same bytes.",
      "foothold");
  Action action;
  app.require_subcommand(1);
  app.set_version_flag("--version", ProgramVersion());
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
  AddCommands(&app, &action);
  if (argc < 2) {
    std::cout << app.help();
    return static_cast<int>(ExitCode::kUsage);
  }
  const CLI::App* command = &app;
  for (int depth = 1; const CLI::App* inner = FindCommand(*command, depth, argc, argv); ++depth) {
    command = inner;
  }
  if (command != &app) CheckFlags(*command, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help and --version.
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::kUsage, std::string(error.what()) + " (see --help)");
  }
  const ExitCode code = action();
  FlushOutput();
  return static_cast<int>(code);
}

}  // namespace
}  // namespace foothold::cli

int main(int argc, char** argv) {
  try {
    return foothold::cli::Run(argc, argv);
  } catch (const foothold::Error& error) {
    std::cout.flush();
    std::cerr << "foothold: " << error.what() << "\n";
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    std::cerr << "foothold: unexpected failure (please report it): " << error.what() << "\n";
    return static_cast<int>(foothold::ExitCode::kFailure);
  }
}
