// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "foothold/base/atomic_file.h"
#include "foothold/base/log.h"
#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "foothold/cli/resolve.h"
#include "foothold/pipeline/report.h"
#include "labels/label.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold report labels/walk.h5 -o walk.html\n"
    "  foothold report labels -o report.html\n"
    "  foothold report walk.h5 -o walk.html --video /new/place/walk.mp4\n\n"
    "The page is one file that needs no network; open it in any browser.";

struct Arguments {
  std::vector<std::string> labels;
  std::string output;
  std::vector<std::string> videos;
  std::string body_path;
  OptionArguments options;
};

bool IsCompanion(const std::string& path) {
  return path.ends_with(".observations.h5") || path.ends_with(".truth.h5");
}

ExitCode Run(const Arguments& arguments) {
  ProgramOptions options;
  Resolve(arguments.options, &options);
  std::vector<std::string> paths = ExpandPaths(arguments.labels, ".h5");
  // A folder of synthetic clips also holds truth and observations; named directly, truth can be drawn.
  if (paths != arguments.labels) std::erase_if(paths, IsCompanion);
  if (!arguments.videos.empty() && arguments.videos.size() != paths.size()) {
    throw Error(ErrorKind::kUsage,
                "--video was given " + Count(static_cast<long>(arguments.videos.size()), "time") + " for " +
                    Count(static_cast<long>(paths.size()), "label") + "; give one per label, in their order");
  }
  const BodyModel body = LoadBody(arguments.body_path);
  std::vector<ReportEntry> entries;
  for (size_t i = 0; i < paths.size(); ++i) {
    ReportEntry entry{paths[i], labels::ReadLabel(paths[i]), ""};
    if (!arguments.videos.empty()) entry.video_path = arguments.videos[i];
    if (entry.label.provenance.body_model_hash != body.content_hash) {
      LogWarning("'" + paths[i] + "' was made with another body model; name it with --body");
    }
    entries.push_back(std::move(entry));
  }
  WriteFileAtomically(arguments.output, MakeReport(entries, body, options.report));
  std::cout << "wrote " << arguments.output << " (" << Count(static_cast<long>(entries.size()), "clip")
            << ")\n";
  return ExitCode::kOk;
}

}  // namespace

void AddReportCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app->add_subcommand("report", "Draw labels as one HTML page: overlays, maps, curves, a 3D view.");
  command->add_option("labels", arguments->labels, "Label files, or folders of them.")
      ->type_name("LABEL")
      ->required();
  command->add_option("-o,--output", arguments->output, "The page.")->type_name("FILE.html")->required();
  command->add_option("--video", arguments->videos, "The video, when it moved; once per label.")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();
  AddBodyOption(command, &arguments->body_path);
  ReportOptions defaults;
  OptionSet shown;
  shown.Bind(&defaults);
  AddOptionFlags(command, shown, &arguments->options);
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
