// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/released_solve.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "foothold/josh/released_adam.h"
#include "foothold/objective/released/human_terms.h"
#include "foothold/objective/released/solver_terms.h"
#include "foothold/solver/levenberg_marquardt.h"

namespace foothold {
namespace {

Variables BuildCameraVariables(const JointProblem& problem, const JointParameters& parameters) {
  const ReleasedCameras cameras = ComputeCameras(problem, parameters);
  Variables variables;
  for (int i = 0; i < problem.num_keyframes(); ++i) {
    variables.camera_blocks.push_back(variables.layout.BeginBlock());
    variables.pose_pieces.push_back(variables.layout.AddRigid(
        {QuaternionFromMatrix(cameras.rotation[i]), (1 / cameras.global) * cameras.center_m[i]}));
    variables.scale_pieces.push_back(variables.layout.AddEuclidean({parameters.log_size[i]}));
  }
  variables.focal_block = variables.layout.BeginBlock();
  variables.initial_focal_px = problem.initial_focal_px;
  variables.focal_piece =
      variables.layout.AddEuclidean({std::log(cameras.focal_px / problem.initial_focal_px)});
  variables.layout.SetFixed(variables.pose_pieces[problem.root], true);
  // Without people nothing but the smallest size, which the released code divides by, tells the scale.
  if (problem.tracks.empty()) {
    const auto smallest = std::min_element(parameters.log_size.begin(), parameters.log_size.end());
    variables.layout.SetFixed(variables.scale_pieces[smallest - parameters.log_size.begin()], true);
  }
  return variables;
}

void ReadBack(const JointProblem& problem,
              const Variables& variables,
              const std::vector<double>& values,
              JointParameters* parameters) {
  const ParameterView view{&variables.layout, values.data()};
  std::vector<Mat3d> rotation;
  std::vector<Vec3d> center;
  for (int i = 0; i < problem.num_keyframes(); ++i) {
    const CameraState camera = ReadCamera(variables, view, i);
    rotation.push_back(camera.rotation);
    center.push_back(camera.world_from_cam.translation);
    parameters->log_size[i] = camera.log_scale;
  }
  parameters->log_focal = std::log(ReadFocal(variables, view));
  const double global = ComputeCameras(problem, *parameters).global;
  for (Vec3d& c : center) c = global * c;
  SetCameras(problem, rotation, center, parameters);
}

// The terms of both stages; the match term of the other stage is only reported.
struct Terms {
  Terms(const JointProblem& problem,
        const BodyModel& model,
        const JointParameters& initial,
        const PackedMatches& matches,
        const Variables& variables)
      : align(problem, variables, matches, ReleasedStage::kAlign, MetreAnnealing()),
        reproject(problem, variables, matches, ReleasedStage::kReproject, PixelAnnealing()),
        scale(problem, model, initial, variables, MetreAnnealing()),
        planted("static", PlantedGroups(problem, model, initial), variables, MetreAnnealing()),
        smooth("smooth", SmoothGroups(problem, model, initial), variables, MetreAnnealing()) {}

  std::vector<WeightedTerm> Weighted(const ReleasedWeights& weights, ReleasedStage stage) {
    return {{&align, weights.match, stage == ReleasedStage::kAlign},
            {&reproject, weights.match, stage == ReleasedStage::kReproject},
            {&scale, weights.scale},
            {&planted, weights.planted},
            {&smooth, weights.smooth}};
  }

  ReleasedMatchTerm align, reproject;
  ReleasedScaleTerm scale;
  CameraPointsTerm planted, smooth;
};

// Returns the accepted iterations.
int RunStage(Terms* terms,
             ReleasedStage stage,
             const ReleasedSolveOptions& options,
             int threads,
             Variables* variables,
             std::vector<double>* values,
             SolverSummary* summary) {
  const bool align = stage == ReleasedStage::kAlign;
  variables->layout.SetFixed(variables->focal_piece, align);
  const std::vector<WeightedTerm> weighted = terms->Weighted(options.weights, stage);
  MinimizerOptions minimizer;
  minimizer.stage = align ? "stage1" : "stage2";
  minimizer.max_iterations = align ? options.align_iterations : options.reproject_iterations;
  minimizer.anneal_iterations = kAnnealIterations;
  minimizer.threads = threads;
  if (summary->terms.empty()) RegisterTerms(variables->layout, weighted, *values, threads, summary);
  const size_t records_before = summary->iterations.size();
  Minimize(variables->layout, weighted, minimizer, values, summary);
  return static_cast<int>(
      std::count_if(summary->iterations.begin() + static_cast<std::ptrdiff_t>(records_before),
                    summary->iterations.end(),
                    [](const auto& r) { return r.accepted && r.iteration > 0; }));
}

double NormOf(const Quatd& q) { return std::sqrt(Dot(q, q)); }

// See ReleasedSolution::align_pull.
double PullOnBodies(const JointProblem& problem,
                    const BodyModel& model,
                    const JointParameters& parameters,
                    const ReleasedWeights& weights) {
  if (problem.tracks.empty() || !(weights.prior > 0)) return 0;
  ReleasedGradient gradient;
  gradient.with_prior = false;
  gradient.by = ZeroGradient(problem);
  CameraGradient by_camera(problem.num_keyframes());
  ReleasedLosses losses;
  AddHumanTerms(problem,
                model,
                parameters,
                ComputeCameras(problem, parameters),
                weights,
                &gradient,
                &by_camera,
                &losses);
  double pull = 0;
  const double frame_slope = weights.prior / problem.num_bodies();
  for (const TrackParameters& by : gradient.by.tracks) {
    const size_t bodies = by.root.size();
    double shape2 = 0;
    for (const double s : by.shape) shape2 += s * s;
    pull = std::max(pull, std::sqrt(shape2) / (frame_slope * static_cast<double>(bodies)));
    for (size_t t = 0; t < bodies; ++t) {
      double joints2 = 0;
      for (const Mat3d& m : by.rotation[t]) {
        for (const double entry : m.data) joints2 += entry * entry;
      }
      for (const double norm : {NormOf(by.root[t]), Norm(by.translation_m[t]), std::sqrt(joints2)}) {
        pull = std::max(pull, norm / frame_slope);
      }
    }
  }
  return pull;
}

}  // namespace

ReleasedSolution SolveReleased(const JointProblem& problem,
                               const BodyModel& model,
                               const ReleasedSolveOptions& options,
                               int threads) {
  ReleasedSolution solution;
  const PackedMatches matches = PackProblemMatches(problem);
  const JointParameters initial = InitialParameters(problem);
  Variables variables = BuildCameraVariables(problem, initial);
  std::vector<double> values = variables.layout.initial_values();
  solution.summary.num_keyframes = problem.num_keyframes();
  solution.aligned = initial;
  // A stage by the second order with the bodies of `state`, which then move if something pulls them.
  auto terms = std::make_unique<Terms>(problem, model, initial, matches, variables);
  const auto run = [&](ReleasedStage stage, JointParameters* state, int* iterations, double* pull) {
    *iterations = RunStage(terms.get(), stage, options, threads, &variables, &values, &solution.summary);
    ReadBack(problem, variables, values, state);
    if (!options.free_bodies) return;
    *pull = PullOnBodies(problem, model, *state, options.weights);
    if (*pull < 1 && !solution.bodies_moved) return;
    ReleasedAdamOptions schedule;
    schedule.weights = options.weights;
    *state = ImproveReleasedByAdam(problem, model, *state, stage, schedule, threads);
    solution.bodies_moved = true;
  };
  run(ReleasedStage::kAlign, &solution.aligned, &solution.align_iterations, &solution.align_pull);
  if (solution.bodies_moved) {
    terms.reset();
    variables = BuildCameraVariables(problem, solution.aligned);
    values = variables.layout.initial_values();
    terms = std::make_unique<Terms>(problem, model, solution.aligned, matches, variables);
  }
  solution.reprojected = solution.aligned;
  run(ReleasedStage::kReproject,
      &solution.reprojected,
      &solution.reproject_iterations,
      &solution.reproject_pull);
  return solution;
}

}  // namespace foothold
