// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "foothold/base/hand_over.h"
#include "foothold/base/hash.h"
#include "foothold/cli/label_videos.h"
#ifdef FOOTHOLD_HAVE_STUDENT
#include "foothold/student/predictor.h"
#endif

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold predict walk.mp4 -o predicted --predict.model student.safetensors\n"
    "  foothold predict clip.mp4 -o predicted --perception recorded --predict.model student.safetensors\n\n"
    "Perception finds the people; the student places them, the camera and the scene, without optimisation.\n"
    "Labels have the format of 'foothold label', with the flag 'student'.";

#ifdef FOOTHOLD_HAVE_STUDENT

// Working images of a clip's frames, in ascending order.
class Frames {
 public:
  Frames(const Clip& clip, FrameReaders* readers)
      : clip_(clip), readers_(readers), reader_(readers->Take(clip)) {}
  ~Frames() { readers_->Return(std::move(reader_), clip_); }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  ImageU8 At(int frame) {
    FOOTHOLD_CHECK(frame >= next_, "frames are asked for in ascending order");
    ImageU8 rgb;
    while (next_ <= frame) {
      if (!reader_->Next(&rgb)) {
        throw Error(ErrorKind::kBadInput,
                    clip_.source_path + ": frame " + std::to_string(frame) + " of the clip cannot be decoded")
            .WithReason("video_truncated");
      }
      ++next_;
    }
    return ToWorkingImage(rgb, clip_.working_from_source);
  }

 private:
  const Clip& clip_;
  FrameReaders* readers_;
  std::unique_ptr<FrameReader> reader_;
  int next_ = 0;
};

ClipSolver MakeStudentSolver(const ProgramOptions& options, const BodyModel& body) {
  const PredictOptions& predict = options.predict;
  if (predict.model.empty()) {
    throw Error(ErrorKind::kUsage,
                "--predict.model is missing: give the weights of a trained student (.safetensors)");
  }
  const PredictSettings settings{predict.image_side_px, predict.gap_frames, predict.scale_reach};
  const std::shared_ptr<PairModel> model = LoadStudent(predict.model, predict.device, predict.precision);
  ClipSolver solver;
  solver.identity = "[predict]\nmodel_hash = " + HashFile(predict.model) + "\ndevice = " + predict.device +
                    "\nprecision = " + predict.precision +
                    "\nimage_side_px = " + std::to_string(settings.image_side_px) +
                    "\ngap_frames = " + std::to_string(settings.gap_frames) +
                    "\nscale_reach = " + std::to_string(settings.scale_reach) + "\n";
  solver.solve = [model, settings, &body](
                     const Observations& observations, const Clip& clip, FrameReaders* readers, int) {
    Clip seen = clip;
    seen.working_from_source = observations.clip.working_from_source;
    Frames frames(seen, readers);
    JoshResult result;
    result.reconstruction = PredictClip(
        observations, body, settings, [&](int frame) { return frames.At(frame); }, model.get());
    result.summary.termination = SolverSummary::Termination::kNothingToDo;
    result.summary.message = "predicted by a student; nothing was optimised";
    return result;
  };
  return solver;
}

ExitCode Run(const LabelArguments& arguments) { return LabelVideos(arguments, MakeStudentSolver); }

#else

ExitCode Run(const LabelArguments&) { HandOverTo("foothold-student"); }

#endif

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
