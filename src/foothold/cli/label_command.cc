// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "foothold/cli/command.h"
#include "foothold/cli/label_videos.h"
#include "foothold/cli/output.h"
#include "foothold/cli/resolve.h"
#include "foothold/pipeline/learned_perception.h"
#include "foothold/pipeline/sidecar.h"
#include "foothold/pipeline/student_solver.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold label walk.mp4 -o labels\n"
    "  foothold label walk.mp4 -o labels --frames 0:150 --threads 8\n"
    "  foothold label *.mp4 -o labels --config laptop.conf --josh.max_iterations 50\n"
    "  foothold label clip.mp4 -o labels --perception recorded   (reads clip.observations.h5)\n"
    "  foothold label walk.mp4 -o again --init student --predict.model student.safetensors\n\n"
    "A clip that is labelled already is left alone, so the same command continues after an interruption.";

struct FrameRange {
  int begin = 0;
  int end = -1;  // To the end of the video.
};

bool ParseFrame(const std::string& text, int* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && *value >= 0;
}

// "A:B", either side may be empty: frames A to B - 1.
FrameRange ParseFrames(const std::string& text) {
  FrameRange range;
  if (text.empty()) return range;
  const size_t colon = text.find(':');
  const std::string begin = text.substr(0, colon);
  const std::string end = colon == std::string::npos ? "" : text.substr(colon + 1);
  bool good = colon != std::string::npos;
  good = good && (begin.empty() || ParseFrame(begin, &range.begin));
  good = good && (end.empty() || (ParseFrame(end, &range.end) && range.end > range.begin));
  if (!good) {
    throw Error(ErrorKind::kUsage,
                "--frames '" + text + "' is not a range; write first:end, such as 0:150, 100: or :150");
  }
  return range;
}

nlohmann::ordered_json ToJson(const ClipOutcome& outcome) {
  nlohmann::ordered_json json = {{"clip", outcome.name},
                                 {"clip_id", outcome.clip_id},
                                 {"status", NameOf(outcome.status)},
                                 {"label", outcome.label_path},
                                 {"frames", outcome.num_frames},
                                 {"people", outcome.num_people},
                                 {"flags", outcome.flags},
                                 {"seconds", outcome.total_s}};
  if (!outcome.reason.empty()) {
    json["reason"] = outcome.reason;
    json["message"] = outcome.message;
  }
  return json;
}

bool HasLabel(const ClipOutcome& outcome) {
  return outcome.status == ClipOutcome::Status::kDone || outcome.status == ClipOutcome::Status::kAlreadyDone;
}

void Print(const ClipOutcome& outcome) {
  if (!HasLabel(outcome)) {
    std::cerr << "foothold: no label for '" << outcome.name << "' (" << outcome.reason
              << "): " << outcome.message << "\n";
    return;
  }
  std::cout << outcome.label_path << ": " << Count(outcome.num_frames, "frame") << ", "
            << (outcome.num_people == 1 ? "1 person" : std::to_string(outcome.num_people) + " people");
  if (!outcome.flags.empty()) std::cout << ", flags " << Join(outcome.flags);
  if (outcome.status == ClipOutcome::Status::kAlreadyDone) {
    std::cout << " (was labelled before)\n";
  } else {
    std::cout << "\n  " << FormatTimes(outcome.times, outcome.total_s, outcome.num_frames) << "\n";
  }
}

// The common code of all failures when nothing was labelled, else kIncomplete.
ExitCode Combine(const std::vector<ClipOutcome>& outcomes) {
  bool any_label = false, any_failure = false, alike = true;
  ExitCode code = ExitCode::kOk;
  for (const ClipOutcome& outcome : outcomes) {
    if (HasLabel(outcome)) {
      any_label = true;
      continue;
    }
    alike = alike && (!any_failure || outcome.exit_code == code);
    any_failure = true;
    code = outcome.exit_code;
  }
  if (!any_failure) return ExitCode::kOk;
  return any_label || !alike ? ExitCode::kIncomplete : code;
}

}  // namespace

ExitCode LabelVideos(const LabelArguments& arguments, const MakeSolver& make_solver) {
  const FrameRange range = ParseFrames(arguments.frames);
  ProgramOptions options;
  Resolve(arguments.options, &options);
  const std::optional<PerceptionMaker> perception = MakeLearnedPerception(options.label);
  const BodyModel body = LoadBody(arguments.body_path);
  std::optional<ClipSolver> solver;
  if (make_solver) {
    solver = make_solver(options, body);
  } else if (options.label.start.init == "student") {
    solver = MakeStudentStart(options.predict, body);
  }

  std::vector<ClipOutcome> outcomes;
  for (const std::string& video : arguments.videos) {
    VideoTask task;
    task.path = video;
    task.begin = range.begin;
    task.end = range.end;
    task.output_dir = arguments.output_dir;
    task.partial_dir = arguments.output_dir + "/.partial";
    task.checkpoint_s = options.job.checkpoint_s;
    task.perception = perception ? &*perception : nullptr;
    task.solver = solver ? &*solver : nullptr;
    for (ClipOutcome& outcome : LabelVideo(task, body, options.label)) {
      if (!arguments.json) Print(outcome);
      outcomes.push_back(std::move(outcome));
    }
  }
  if (arguments.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const ClipOutcome& outcome : outcomes) json.push_back(ToJson(outcome));
    PrintJson(json);
  }
  return Combine(outcomes);
}

void AddLabelArguments(CLI::App* command,
                       const OptionSet& shown,
                       const std::shared_ptr<LabelArguments>& arguments) {
  command->add_option("videos", arguments->videos, "Video files.")->type_name("VIDEO")->required();
  command->add_option("-o,--output", arguments->output_dir, "Folder for the labels; made when missing.")
      ->type_name("DIR")
      ->required();
  command->add_option("--frames", arguments->frames, "Only frames A to B-1; either side may be left out.")
      ->type_name("A:B");
  command->add_flag("--json", arguments->json, "Print the outcomes as JSON.");
  AddBodyOption(command, &arguments->body_path);
  AddAlias(command, "perception", "perception.name", false, shown, &arguments->options);
  AddAlias(command, "threads", "run.threads", false, shown, &arguments->options);
  AddAlias(command, "overwrite", "run.overwrite", true, shown, &arguments->options);
}

void AddLabelCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<LabelArguments>();
  CLI::App* command = app->add_subcommand(
      "label", "Label videos: people, camera and scene in metres, one HDF5 file per clip.");
  ProgramOptions defaults;
  OptionSet shown;
  defaults.label.BindTo(&shown);
  shown.Bind(&defaults.predict);
  AddLabelArguments(command, shown, arguments);
  AddAlias(command, "init", "label.init", false, shown, &arguments->options);
  AddOptionFlags(command, shown, &arguments->options);
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return LabelVideos(*arguments); }; });
}

}  // namespace foothold::cli
