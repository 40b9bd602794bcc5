// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/scene/body.h"

namespace CLI {
class App;
}

namespace foothold::cli {

// What the chosen subcommand does once the command line is parsed.
using Action = std::function<ExitCode()>;

// Each adds its subcommand to `app`; when it is chosen, *action is what to run.
void AddLabelCommand(CLI::App* app, Action* action);
void AddLoopCommand(CLI::App* app, Action* action);
void AddPredictCommand(CLI::App* app, Action* action);
void AddSynthCommand(CLI::App* app, Action* action);
void AddValidateCommand(CLI::App* app, Action* action);
void AddInspectCommand(CLI::App* app, Action* action);
void AddReportCommand(CLI::App* app, Action* action);
void AddEvaluateCommand(CLI::App* app, Action* action);
void AddConfigCommand(CLI::App* app, Action* action);
void AddBenchCommand(CLI::App* app, Action* action);
void AddCorpusCommand(CLI::App* app, Action* action);
void AddStatusCommand(CLI::App* app, Action* action);

// Adds --body FILE; an empty path is the body that ships with Foothold.
void AddBodyOption(CLI::App* command, std::string* path);
BodyModel LoadBody(const std::string& path);

// Files as given; a folder stands for the files below it whose names end with `suffix`, in the order of
// their names. Throws Error(kBadInput) for a path that does not exist and for a folder without any.
std::vector<std::string> ExpandPaths(const std::vector<std::string>& paths, const std::string& suffix);

}  // namespace foothold::cli
