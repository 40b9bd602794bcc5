// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/released_adam.h"

#include <cmath>
#include <limits>

#include "foothold/solver/adam.h"

namespace foothold {
namespace {

void Collect(Quatd* q, std::vector<double*>* numbers) {
  for (double* number : {&q->w, &q->x, &q->y, &q->z}) numbers->push_back(number);
}

void Collect(double* values, int count, std::vector<double*>* numbers) {
  for (int i = 0; i < count; ++i) numbers->push_back(values + i);
}

// Every trained number except the focal length, in a fixed order.
std::vector<double*> Numbers(JointParameters* parameters, bool bodies) {
  std::vector<double*> numbers;
  for (Quatd& q : parameters->camera_rotation) Collect(&q, &numbers);
  for (Vec3d& tau : parameters->camera_tau_m) Collect(tau.data, 3, &numbers);
  for (double& size : parameters->log_size) numbers.push_back(&size);
  if (!bodies) return numbers;
  for (TrackParameters& track : parameters->tracks) {
    for (Quatd& q : track.root) Collect(&q, &numbers);
    for (Vec3d& t : track.translation_m) Collect(t.data, 3, &numbers);
    for (auto& rotations : track.rotation) {
      for (Mat3d& m : rotations) Collect(m.data, 9, &numbers);
    }
    Collect(track.shape.data(), kNumShape, &numbers);
  }
  return numbers;
}

struct StageRun {
  ReleasedStage stage;
  int iterations;
  double rate;
  int focal_steps;  // In each iteration.
  bool bodies;      // Whether they move.
};

// False when the loss was not finite; then `parameters` are those of the last finite one. `best`, if given,
// becomes the state of the lowest total.
bool RunStage(const JointProblem& problem,
              const BodyModel& model,
              const StageRun& run,
              const ReleasedWeights& weights,
              int threads,
              JointParameters* parameters,
              std::vector<ReleasedLosses>* curve,
              JointParameters* best = nullptr) {
  double lowest = std::numeric_limits<double>::infinity();
  const std::vector<double*> values = Numbers(parameters, run.bodies);
  Adam adam(values.size(), {}), focal_adam(1, {});
  ReleasedGradient gradient;
  JointParameters finite = *parameters;
  for (int step = 0; step < run.iterations; ++step) {
    curve->push_back(EvaluateReleased(problem, model, *parameters, run.stage, weights, threads, &gradient));
    if (!std::isfinite(curve->back().total)) {
      *parameters = finite;
      return false;
    }
    finite = *parameters;
    if (best != nullptr && curve->back().total < lowest) {
      lowest = curve->back().total;
      *best = finite;
    }
    const double rate = CosineRate(run.rate, step, run.iterations);
    const std::vector<double*> slopes = Numbers(&gradient.by, run.bodies);
    for (size_t i = 0; i < values.size(); ++i) *values[i] = adam.Step(i, *values[i], *slopes[i], rate);
    for (int k = 0; k < run.focal_steps; ++k) {
      parameters->log_focal = focal_adam.Step(0, parameters->log_focal, gradient.by.log_focal, rate);
    }
    for (Quatd& q : parameters->camera_rotation) q = Normalized(q);
  }
  return true;
}

}  // namespace

ReleasedAdamResult ReprojectReleasedByAdam(const JointProblem& problem,
                                           const BodyModel& model,
                                           const JointParameters& aligned,
                                           const ReleasedAdamOptions& options,
                                           int threads) {
  ReleasedAdamResult result;
  result.aligned = result.reprojected = aligned;
  const StageRun run{ReleasedStage::kReproject,
                     options.reproject_iterations,
                     options.reproject_rate,
                     options.focal_once_per_keyframe ? problem.num_keyframes() : 1,
                     options.move_bodies};
  if (!RunStage(
          problem, model, run, options.weights, threads, &result.reprojected, &result.reproject_curve)) {
    result.failure = "stage 2: the loss is not finite";
  }
  return result;
}

JointParameters ImproveReleasedByAdam(const JointProblem& problem,
                                      const BodyModel& model,
                                      const JointParameters& start,
                                      ReleasedStage stage,
                                      const ReleasedAdamOptions& options,
                                      int threads) {
  const StageRun run =
      stage == ReleasedStage::kAlign
          ? StageRun{stage, options.align_iterations, options.align_rate, 0, options.move_bodies}
          : StageRun{stage, options.reproject_iterations, options.reproject_rate, 1, options.move_bodies};
  JointParameters parameters = start, best = start;
  std::vector<ReleasedLosses> curve;
  RunStage(problem, model, run, options.weights, threads, &parameters, &curve, &best);
  return best;
}

ReleasedAdamResult MinimizeReleasedByAdam(const JointProblem& problem,
                                          const BodyModel& model,
                                          const ReleasedAdamOptions& options,
                                          int threads) {
  JointParameters aligned = InitialParameters(problem);
  std::vector<ReleasedLosses> curve;
  const StageRun run{
      ReleasedStage::kAlign, options.align_iterations, options.align_rate, 0, options.move_bodies};
  const bool finite = RunStage(problem, model, run, options.weights, threads, &aligned, &curve);
  ReleasedAdamResult result = ReprojectReleasedByAdam(problem, model, aligned, options, threads);
  result.align_curve = std::move(curve);
  if (!finite) result.failure = "stage 1: the loss is not finite";
  return result;
}

}  // namespace foothold
