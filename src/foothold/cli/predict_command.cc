// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "foothold/cli/label_videos.h"
#include "foothold/pipeline/student_solver.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold predict walk.mp4 -o predicted --predict.model student.safetensors\n"
    "  foothold predict clip.mp4 -o predicted --perception recorded --predict.model student.safetensors\n\n"
    "Perception finds the people; the student places them, the camera and the scene, without optimisation.\n"
    "Labels have the format of 'foothold label', with the flag 'student'.";

ExitCode Run(const LabelArguments& arguments) {
  return LabelVideos(arguments, [](const ProgramOptions& options, const BodyModel& body) {
    return MakeStudentSolver(options.predict, body);
  });
}

}  // namespace

void AddPredictCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<LabelArguments>();
  CLI::App* command =
      app->add_subcommand("predict", "Label videos with a trained student, feed-forward; the same files.");
  ProgramOptions defaults;
  OptionSet shown;
  defaults.label.BindTo(&shown);
  shown.Bind(&defaults.predict);
  AddLabelArguments(command, shown, arguments);
  AddOptionFlags(command, shown, &arguments->options);
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
