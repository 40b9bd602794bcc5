// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/student_solver.h"

#include <memory>
#include <utility>

#include "foothold/pipeline/student_start.h"
#include "foothold/student/predictor.h"

namespace foothold {
namespace {

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

using Predictor =
    std::function<Reconstruction(const Observations& observations, const Clip& clip, FrameReaders* readers)>;

Predictor MakePredictor(const PredictOptions& options, const BodyModel& body) {
  SetNetworkThreads(options.threads);
  const PredictSettings settings{options.image_side_px, options.gap_frames, options.scale_reach};
  const std::shared_ptr<PairModel> model = LoadStudent(options.model, options.device, options.precision);
  return [model, settings, &body](const Observations& observations, const Clip& clip, FrameReaders* readers) {
    Clip seen = clip;
    seen.working_from_source = observations.clip.working_from_source;
    Frames frames(seen, readers);
    return PredictClip(
        observations, body, settings, [&](int frame) { return frames.At(frame); }, model.get());
  };
}

}  // namespace

void EnterStudentProgram() {}

ClipSolver MakeStudentSolver(const PredictOptions& options, const BodyModel& body) {
  ClipSolver solver;
  solver.identity = StudentIdentity(options);
  solver.solve = [predict = MakePredictor(options, body)](Observations observations,
                                                          const SolveContext& context) {
    JoshResult result;
    result.reconstruction = predict(observations, context.clip, context.readers);
    result.summary.termination = SolverSummary::Termination::kNothingToDo;
    result.summary.message = "predicted by a student; nothing was optimised";
    return result;
  };
  return solver;
}

ClipSolver MakeStudentStart(const PredictOptions& options, const BodyModel& body) {
  ClipSolver solver;
  solver.identity = StudentIdentity(options);
  solver.solve = [predict = MakePredictor(options, body), &body](Observations observations,
                                                                 const SolveContext& context) {
    const Reconstruction prediction = predict(observations, context.clip, context.readers);
    return OptimizeFromPrediction(
        std::move(observations), prediction, body, context.josh, context.threads, context.journal);
  };
  return solver;
}

}  // namespace foothold
