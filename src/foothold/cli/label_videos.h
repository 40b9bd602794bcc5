// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foothold/cli/command.h"
#include "foothold/cli/option_flags.h"
#include "foothold/pipeline/program_options.h"

// What `label` and `predict` share: videos in, one label per clip out.
namespace foothold::cli {

struct LabelArguments {
  std::vector<std::string> videos;
  std::string output_dir;
  std::string frames;
  std::string body_path;
  bool json = false;
  OptionArguments options;
};

// Arguments that both commands take; `shown` has at least the options of LabelOptions.
void AddLabelArguments(CLI::App* command,
                       const OptionSet& shown,
                       const std::shared_ptr<LabelArguments>& arguments);

// Made once all options are known.
using MakeSolver = std::function<ClipSolver(const ProgramOptions& options, const BodyModel& body)>;

// Labels the videos, by the joint optimisation unless `make_solver` is given, and prints the outcomes.
ExitCode LabelVideos(const LabelArguments& arguments, const MakeSolver& make_solver = nullptr);

}  // namespace foothold::cli
