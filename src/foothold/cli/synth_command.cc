// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "foothold/cli/resolve.h"
#include "foothold/pipeline/synthetic_dataset.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold synth demo --clips 1 --seed 1\n"
    "  foothold synth set --clips 10 --seed 100 --synthetic.num_frames 300 --synthetic.scene street\n"
    "  foothold synth still --clips 2 --seed 7 --synthetic.camera static\n\n"
    "Each clip is a video, noisy observations of it (for --perception recorded), and its exact truth (for\n"
    "foothold evaluate). The same seed and options give the same bytes.";

struct Arguments {
  std::string dir;
  int clips = 1;
  uint64_t seed = 1;
  std::string body_path;
  bool json = false;
  OptionArguments options;
};

ExitCode Run(const Arguments& arguments) {
  ProgramOptions options;
  Resolve(arguments.options, &options);
  SyntheticDataset dataset;
  dataset.dir = arguments.dir;
  dataset.num_clips = arguments.clips;
  dataset.seed = arguments.seed;
  dataset.options = options.synthetic;
  dataset.noise = options.noise;
  const int threads = options.label.run.threads > 0
                          ? options.label.run.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const std::vector<std::string> videos =
      WriteSyntheticDataset(dataset, LoadBody(arguments.body_path), threads);
  if (arguments.json) {
    PrintJson(videos);
    return ExitCode::kOk;
  }
  for (const std::string& video : videos) std::cout << video << "\n";
  return ExitCode::kOk;
}

}  // namespace

void AddSynthCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app->add_subcommand("synth", "Render synthetic clips with known truth: video, observations, truth.");
  command->add_option("dir", arguments->dir, "Folder for the clips; made when missing.")
      ->type_name("DIR")
      ->required();
  command->add_option("--clips", arguments->clips, "How many.")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Of the first clip; the next ones count up.")
      ->type_name("S")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print the videos' paths as JSON.");
  AddBodyOption(command, &arguments->body_path);
  ProgramOptions defaults;
  OptionSet shown;
  shown.Bind(&defaults.label.run);
  shown.Bind(&defaults.synthetic);
  shown.Bind(&defaults.noise);
  AddAlias(command, "threads", "run.threads", false, shown, &arguments->options);
  AddOptionFlags(command, shown, &arguments->options);
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
