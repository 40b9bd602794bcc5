// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "foothold/josh/released_adam.h"
#include "foothold/josh/released_batch.h"
#include "foothold/josh/released_solve.h"
#include "labels/joint_problem_file.h"

namespace foothold::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold bench solver --problem joint_chunk.h5 --threads 2\n"
    "  foothold bench solver --problem joint_small.h5 --minimiser adam --json\n\n"
    "All minimisers are measured by the same objective, the released one in double precision.\n"
    "docs/performance.md describes problem files.";

struct Arguments {
  std::string problem, minimiser = "lm", body = "frozen", device = "cpu", body_path;
  int threads = 1, repeat = 1;
  bool json = false;
};

struct StageOutcome {
  ReleasedLosses losses;
  int iterations = 0;
};

struct Outcome {
  double seconds = 0;  // Median over repeats, from loaded arrays to result.
  StageOutcome stage[2];
  double focal_px = 0;
  // See ReleasedSolution; negative: not computed.
  double pull[2] = {-1, -1};
  std::string failure;
};

// What a minimiser found.
struct Found {
  JointParameters aligned, reprojected;
  int iterations[2] = {0, 0};
  double pull[2] = {-1, -1};
  std::string failure;
};

Found RunAdam(const JointProblem& problem, const BodyModel& model, const Arguments& arguments) {
  ReleasedAdamOptions options;
  options.move_bodies = arguments.body == "free";
  ReleasedAdamResult result = MinimizeReleasedByAdam(problem, model, options, arguments.threads);
  Found found{std::move(result.aligned), std::move(result.reprojected), {}, {-1, -1}, result.failure};
  found.iterations[0] = static_cast<int>(result.align_curve.size());
  found.iterations[1] = static_cast<int>(result.reproject_curve.size());
  return found;
}

Found RunSecondOrder(const JointProblem& problem, const BodyModel& model, const Arguments& arguments) {
  ReleasedBatchResult result;
  if (arguments.device == "cuda") {
    ReleasedBatchOptions options;
    options.threads = arguments.threads;
    result = std::move(SolveReleasedBatch({&problem}, model, options, BatchDevice::kCuda)[0]);
  } else {
    ReleasedSolveOptions options;
    options.free_bodies = arguments.body == "free";
    result.solution = SolveReleased(problem, model, options, arguments.threads);
  }
  ReleasedSolution& solution = result.solution;
  Found found{std::move(solution.aligned), std::move(solution.reprojected), {}, {-1, -1}, result.problem};
  found.iterations[0] = solution.align_iterations;
  found.iterations[1] = solution.reproject_iterations;
  if (arguments.body == "free") {
    found.pull[0] = solution.align_pull;
    found.pull[1] = solution.reproject_pull;
  }
  return found;
}

Outcome RunOnce(const JointProblem& problem, const BodyModel& model, const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const Found found = arguments.minimiser == "adam" ? RunAdam(problem, model, arguments)
                                                    : RunSecondOrder(problem, model, arguments);
  Outcome outcome;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.failure = found.failure;
  outcome.focal_px = std::exp(found.reprojected.log_focal);
  const JointParameters* states[2] = {&found.aligned, &found.reprojected};
  const ReleasedStage stages[2] = {ReleasedStage::kAlign, ReleasedStage::kReproject};
  for (int s = 0; s < 2; ++s) {
    outcome.stage[s].iterations = found.iterations[s];
    outcome.stage[s].losses =
        EvaluateReleased(problem, model, *states[s], stages[s], {}, arguments.threads, nullptr);
    outcome.pull[s] = found.pull[s];
  }
  return outcome;
}

Json StageJson(const StageOutcome& stage, const char* match_name, double pull) {
  Json json;
  json["total"] = stage.losses.total;
  json["iterations"] = stage.iterations;
  json[match_name] = stage.losses.match;
  json["scale"] = stage.losses.scale;
  json["static"] = stage.losses.planted;
  json["prior"] = stage.losses.prior;
  json["smooth"] = stage.losses.smooth;
  if (pull >= 0) json["body_pull"] = pull;
  return json;
}

void PrintStage(const char* name, const char* match_name, const StageOutcome& stage) {
  const ReleasedLosses& l = stage.losses;
  std::printf(
      "%s  total %.6f after %d iterations: %s %.6f, scale %.6f, static %.6f, prior %.6f, smooth %.6f\n",
      name,
      l.total,
      stage.iterations,
      match_name,
      l.match,
      l.scale,
      l.planted,
      l.prior,
      l.smooth);
}

ExitCode Run(const Arguments& arguments) {
  if (arguments.device == "cuda" && (arguments.minimiser != "lm" || arguments.body != "frozen")) {
    throw Error(ErrorKind::kUsage, "--device cuda solves with --minimiser lm and --body frozen");
  }
  const BodyModel model = LoadBody(arguments.body_path);
  const JointProblem problem = labels::ReadJointProblem(arguments.problem, model.num_vertices);
  std::vector<double> seconds;
  Outcome outcome;
  for (int n = 0; n < arguments.repeat; ++n) {
    outcome = RunOnce(problem, model, arguments);
    seconds.push_back(outcome.seconds);
  }
  std::sort(seconds.begin(), seconds.end());
  outcome.seconds = seconds[seconds.size() / 2];
  if (arguments.json) {
    Json json;
    json["seconds"] = outcome.seconds;
    json["stage1"] = StageJson(outcome.stage[0], "l3d", outcome.pull[0]);
    json["stage2"] = StageJson(outcome.stage[1], "l2d", outcome.pull[1]);
    json["focal_px"] = outcome.focal_px;
    json["failure"] = outcome.failure;
    PrintJson(json);
  } else {
    std::printf("%d keyframes, %d pairs, %zu matches, %d bodies; %s, bodies %s, %s\n",
                problem.num_keyframes(),
                problem.num_pairs(),
                problem.matches.size(),
                problem.num_bodies(),
                arguments.minimiser.c_str(),
                arguments.body.c_str(),
                Count(arguments.threads, "thread").c_str());
    PrintStage("stage 1", "l3d", outcome.stage[0]);
    PrintStage("stage 2", "l2d", outcome.stage[1]);
    std::printf("focal length %.3f px (initially %.3f)\n", outcome.focal_px, problem.initial_focal_px);
    if (outcome.pull[0] >= 0) {
      std::printf("largest pull on a body over the slope of its prior: %.4f, %.4f (below 1: no body moves)\n",
                  outcome.pull[0],
                  outcome.pull[1]);
    }
    if (!outcome.failure.empty()) std::printf("ended early: %s\n", outcome.failure.c_str());
    std::printf("%.4f s\n", outcome.seconds);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddBenchCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* bench = app->add_subcommand("bench", "Measure parts of the program.");
  bench->require_subcommand(1);
  bench->footer(kExamples);
  CLI::App* command = bench->add_subcommand("solver", "Minimise one joint optimisation problem.");
  command->add_option("--problem", arguments->problem, "Problem file (HDF5).")->type_name("FILE")->required();
  command->add_option("--minimiser", arguments->minimiser, "lm: second order; adam: the released schedule.")
      ->check(CLI::IsMember({"lm", "adam"}))
      ->capture_default_str();
  command->add_option("--body", arguments->body, "Whether bodies may move.")
      ->check(CLI::IsMember({"frozen", "free"}))
      ->capture_default_str();
  command->add_option("--device", arguments->device, "Where to solve.")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "Threads on the CPU; they do not change the result.")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--repeat", arguments->repeat, "Runs; the median time is printed.")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print as JSON.");
  command
      ->add_option("--body-model",
                   arguments->body_path,
                   "Body model (.h5 or SMPL's .npz) instead of the one that ships.")
      ->type_name("FILE");
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
