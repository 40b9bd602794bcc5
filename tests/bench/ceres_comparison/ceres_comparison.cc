// SPDX-License-Identifier: Apache-2.0
// SolveReleased against Ceres on the released objective with bodies at their start: same unknowns, same
// gauge, same start, same threads, analytic Jacobians in double. All states are measured by
// EvaluateReleased, outside the clocks.
//   build/bin/ceres_comparison PROBLEM.h5 [--threads 1] [--iterations 50] [--only dense|sparse] [--only
//   pair|match]
//     [--repeat 5] [--coarse]
// PROBLEM.h5 also holds the totals of the released schedule (expected/adam, expected/adam_focal_once).
// docs/performance.md, "Solver", has the table.
#include <ceres/ceres.h>
#include <glog/logging.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ceres_comparison/residuals.h"
#include "cpu_clock.h"
#include "foothold/josh/released_solve.h"
#include "foothold/objective/released/raw_body.h"
#include "labels/body_file.h"
#include "labels/joint_problem_file.h"

namespace foothold {
namespace {

// Where both solvers' kernels end: our annealing goes down to these. Ceres starts with them, or, with
// --coarse, solves a first time with ten times as much.
constexpr double kMetreEpsilon = 1e-4, kPixelEpsilon = 0.05;

enum class Rows { kPerMatch, kPerPair };

struct Arguments {
  std::string path;
  int threads = 1;
  int iterations = 50;
  int repeat = 5;
  bool coarse = false;
  std::vector<std::string> only;
};

struct Input {
  BodyModel model;
  JointProblem problem;
  JointParameters initial;
  double adam[2];  // Totals of stage 1 and 2.
};

struct State {
  std::vector<std::array<double, kCameraAmbient>> cameras;
  double log_focal = 0;
};

JointParameters ParametersOf(const Input& input, const State& state) {
  JointParameters parameters = input.initial;
  std::vector<Mat3d> rotation;
  std::vector<Vec3d> center;
  for (size_t i = 0; i < state.cameras.size(); ++i) {
    const CameraValue camera(state.cameras[i].data());
    rotation.push_back(camera.rotation);
    center.push_back(camera.center_m);
    parameters.log_size[i] = state.cameras[i][kLogSizeEntry];
  }
  parameters.log_focal = state.log_focal;
  SetCameras(input.problem, rotation, center, &parameters);
  return parameters;
}

State InitialState(const Input& input) {
  const ReleasedCameras cameras = ComputeCameras(input.problem, input.initial);
  State state;
  state.log_focal = input.initial.log_focal;
  for (int i = 0; i < input.problem.num_keyframes(); ++i) {
    state.cameras.emplace_back();
    WriteCamera(cameras.rotation[i], cameras.center_m[i], input.initial.log_size[i], state.cameras[i].data());
  }
  return state;
}

double TotalOf(const Input& input, const JointParameters& parameters, ReleasedStage stage) {
  return EvaluateReleased(input.problem, input.model, parameters, stage, {}, 1, nullptr).total;
}

// One stage as a Ceres problem on `state`.
class CeresStage {
 public:
  CeresStage(const Input& input,
             const MatchContext& context,
             ReleasedStage stage,
             Rows rows,
             double epsilon_factor,
             State* state)
      : input_(input), context_(context), stage_(stage), rows_(rows), state_(state), problem_(Options()) {
    const bool align = stage == ReleasedStage::kAlign;
    metre_ = {kHumanGamma, epsilon_factor * kMetreEpsilon};
    match_ = align ? metre_ : MatchKernelParameters{kReprojectGamma, epsilon_factor * kPixelEpsilon};
    for (size_t i = 0; i < state->cameras.size(); ++i) {
      problem_.AddParameterBlock(
          Camera(static_cast<int>(i)),
          kCameraAmbient,
          static_cast<int>(i) == input.problem.root ? &root_manifold_ : &camera_manifold_);
    }
    problem_.AddParameterBlock(&state->log_focal, 1);
    if (align) problem_.SetParameterBlockConstant(&state->log_focal);
    AddMatches();
    AddContacts();
    AddPoints(PlantedGroups(input.problem, input.model, input.initial), weights_.planted);
    AddPoints(SmoothGroups(input.problem, input.model, input.initial), weights_.smooth);
  }

  ceres::Problem* problem() { return &problem_; }

  // Of one residual block of each kind, at the state.
  double WorstJacobianError() const;

 private:
  static ceres::Problem::Options Options() {
    ceres::Problem::Options options;
    options.loss_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
    options.manifold_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
    return options;
  }
  double* Camera(int i) { return state_->cameras[i].data(); }
  const CuspLoss* MetreLoss(double weight) {
    losses_.emplace_back(metre_, 2 * weight);
    return &losses_.back();
  }
  void AddMatches();
  void AddMatch(int pair, int64_t begin, int64_t end);
  void AddContacts();
  void AddPoints(const std::vector<CameraPointsTerm::Group>& groups, double weight);

  const Input& input_;
  const MatchContext& context_;
  ReleasedStage stage_;
  Rows rows_;
  State* state_;
  ReleasedWeights weights_;
  MatchKernelParameters metre_, match_;
  CameraManifold camera_manifold_{false}, root_manifold_{true};
  std::deque<CuspLoss> losses_;  // Of the human terms; addresses stay.
  std::vector<CuspLoss> match_losses_;
  ceres::Problem problem_;
};

void CeresStage::AddMatches() {
  double confidence = 0;
  for (const MatchInDouble& match : context_.matches) confidence += match.confidence;
  const double unit = weights_.match / (stage_ == ReleasedStage::kAlign ? confidence : 2 * confidence);
  match_losses_.reserve(context_.matches.size());
  for (const MatchInDouble& match : context_.matches) {
    match_losses_.emplace_back(match_, 2 * unit * match.confidence);
  }
  for (int pair = 0; pair < input_.problem.num_pairs(); ++pair) {
    const int64_t begin = input_.problem.offset[pair], end = input_.problem.offset[pair + 1];
    if (rows_ == Rows::kPerPair) {
      AddMatch(pair, begin, end);
    } else {
      for (int64_t m = begin; m < end; ++m) AddMatch(pair, m, m + 1);
    }
  }
}

void CeresStage::AddMatch(int pair, int64_t begin, int64_t end) {
  if (begin == end) return;
  const auto [i, j] = input_.problem.pairs[pair];
  CuspLoss* losses = &match_losses_[begin];
  // Ceres robustifies a residual block as a whole: only single matches can be left to it.
  CuspLoss* outside = rows_ == Rows::kPerMatch ? losses : nullptr;
  const CuspLoss* inside = rows_ == Rows::kPerMatch ? nullptr : losses;
  if (stage_ == ReleasedStage::kAlign) {
    problem_.AddResidualBlock(
        new AlignCost(&context_, pair, begin, end, inside), outside, Camera(i), Camera(j));
    return;
  }
  const std::vector<ReprojectCost::Direction> directions =
      rows_ == Rows::kPerMatch ? std::vector{ReprojectCost::kIntoFirst, ReprojectCost::kIntoSecond}
                               : std::vector{ReprojectCost::kBoth};
  for (const ReprojectCost::Direction direction : directions) {
    problem_.AddResidualBlock(new ReprojectCost(&context_, pair, begin, end, inside, direction),
                              outside,
                              Camera(i),
                              Camera(j),
                              &state_->log_focal);
  }
}

void CeresStage::AddContacts() {
  for (size_t k = 0; k < input_.problem.tracks.size(); ++k) {
    const JointTrack& track = input_.problem.tracks[k];
    const TrackParameters& body = input_.initial.tracks[k];
    const double share = static_cast<double>(track.keyframes.size()) / input_.problem.num_bodies();
    double confidence = 0;
    for (const AnchorContact& c : track.scale_contacts) confidence += c.confidence;
    for (const AnchorContact& c : track.scale_contacts) {
      const RawSkeleton skeleton = PoseRawSkeleton(input_.model, body, c.body);
      const double depth = RawVertex(input_.model, body.shape, skeleton, c.vertex)[2];
      const double weight = weights_.scale * share * c.confidence / confidence;
      problem_.AddResidualBlock(new ScaleCost(&input_.problem, c, depth),
                                const_cast<CuspLoss*>(MetreLoss(weight)),
                                Camera(c.keyframe),
                                &state_->log_focal);
    }
  }
}

void CeresStage::AddPoints(const std::vector<CameraPointsTerm::Group>& groups, double weight) {
  for (const CameraPointsTerm::Group& group : groups) {
    std::vector<double*> blocks;
    for (const int keyframe : group.keyframes) blocks.push_back(Camera(keyframe));
    for (const CameraPointsTerm::Residual& residual : group.residuals) {
      problem_.AddResidualBlock(new PointsCost(group.factors, residual.in_cam),
                                const_cast<CuspLoss*>(MetreLoss(weight * residual.weight)),
                                blocks);
    }
  }
}

double CeresStage::WorstJacobianError() const {
  std::vector<ceres::ResidualBlockId> blocks;
  problem_.GetResidualBlocks(&blocks);
  double worst = 0;
  // Some hundred blocks, spread over all kinds.
  const size_t stride = std::max<size_t>(1, blocks.size() / 200);
  for (size_t b = 0; b < blocks.size(); b += stride) {
    std::vector<double*> parameters;
    problem_.GetParameterBlocksForResidualBlock(blocks[b], &parameters);
    std::vector<const ceres::Manifold*> manifolds;
    for (const double* block : parameters) manifolds.push_back(problem_.GetManifold(block));
    worst = std::max(worst,
                     JacobianError(*problem_.GetCostFunctionForResidualBlock(blocks[b]),
                                   {parameters.begin(), parameters.end()},
                                   manifolds));
  }
  return worst;
}

struct Record {
  double wall_s, cpu_s;
  State state;
};

class Recorder : public ceres::IterationCallback {
 public:
  Recorder(const CpuClock* clock, const State* state) : clock_(clock), state_(state) {}
  ceres::CallbackReturnType operator()(const ceres::IterationSummary&) override {
    records_.push_back({clock_->WallSeconds(), clock_->CpuSeconds(), *state_});
    return ceres::SOLVER_CONTINUE;
  }
  const std::vector<Record>& records() const { return records_; }

 private:
  const CpuClock* clock_;
  const State* state_;
  std::vector<Record> records_;
};

struct StageResult {
  double build_s = 0;
  double reached_wall_s = -1, reached_cpu_s = -1;  // To Adam's total; negative: not reached.
  int reached_iterations = 0;
  double wall_s = 0, cpu_s = 0;
  int iterations = 0;
  double total = 0;
};
struct Result {
  std::string name;
  StageResult stage[2];

  bool Reached() const { return stage[0].reached_wall_s >= 0 && stage[1].reached_wall_s >= 0; }
  double ReachedWall() const { return stage[0].reached_wall_s + stage[1].reached_wall_s; }
  double ReachedCpu() const { return stage[0].reached_cpu_s + stage[1].reached_cpu_s; }
};

ceres::Solver::Options SolverOptions(const Arguments& arguments, ceres::LinearSolverType type) {
  ceres::Solver::Options options;
  options.linear_solver_type = type;
  options.num_threads = arguments.threads;
  options.max_num_iterations = arguments.iterations;
  options.update_state_every_iteration = true;
  options.logging_type = ceres::SILENT;
  return options;
}

StageResult RunCeresStage(const Input& input,
                          const MatchContext& context,
                          ReleasedStage stage,
                          Rows rows,
                          const ceres::Solver::Options& base,
                          bool coarse,
                          State* state) {
  StageResult result;
  std::vector<Record> records;
  for (const double factor : coarse ? std::vector<double>{10, 1} : std::vector<double>{1}) {
    const CpuClock build;
    CeresStage ceres_stage(input, context, stage, rows, factor, state);
    result.build_s += build.WallSeconds();
    ceres::Solver::Options options = base;
    const CpuClock clock;
    Recorder recorder(&clock, state);
    options.callbacks.push_back(&recorder);
    ceres::Solver::Summary summary;
    ceres::Solve(options, ceres_stage.problem(), &summary);
    for (Record record : recorder.records()) {
      record.wall_s += result.wall_s;
      record.cpu_s += result.cpu_s;
      records.push_back(std::move(record));
    }
    result.wall_s += clock.WallSeconds();
    result.cpu_s += clock.CpuSeconds();
    result.iterations += static_cast<int>(recorder.records().size()) - 1;
  }
  const double target = input.adam[stage == ReleasedStage::kAlign ? 0 : 1];
  for (size_t r = 0; r < records.size(); ++r) {
    if (TotalOf(input, ParametersOf(input, records[r].state), stage) > target) continue;
    result.reached_wall_s = records[r].wall_s;
    result.reached_cpu_s = records[r].cpu_s;
    result.reached_iterations = static_cast<int>(r);
    break;
  }
  result.total = TotalOf(input, ParametersOf(input, *state), stage);
  return result;
}

Result RunCeres(const Input& input,
                const MatchContext& context,
                const Arguments& arguments,
                ceres::LinearSolverType type,
                Rows rows) {
  Result result;
  result.name = std::string(type == ceres::DENSE_NORMAL_CHOLESKY ? "Ceres dense" : "Ceres sparse") +
                (rows == Rows::kPerPair ? ", per pair" : ", per match");
  const ceres::Solver::Options options = SolverOptions(arguments, type);
  State state = InitialState(input);
  for (const ReleasedStage stage : {ReleasedStage::kAlign, ReleasedStage::kReproject}) {
    result.stage[stage == ReleasedStage::kAlign ? 0 : 1] =
        RunCeresStage(input, context, stage, rows, options, arguments.coarse, &state);
  }
  return result;
}

// Away from the start, where all cameras coincide. Only of single matches: a pair's rows carry their
// loss, and Jacobians that keep the gradient of the loss are not those of the rows.
void CheckJacobians(const Input& input, const MatchContext& context) {
  State state = InitialState(input);
  const CameraManifold manifold(false);
  for (size_t i = 0; i < state.cameras.size(); ++i) {
    double delta[kCameraTangent];
    for (int c = 0; c < kCameraTangent; ++c)
      delta[c] = 0.02 * std::sin(1.0 + 3.0 * static_cast<double>(i) + c);
    manifold.Plus(
        std::array<double, kCameraAmbient>(state.cameras[i]).data(), delta, state.cameras[i].data());
  }
  state.log_focal += 0.03;
  for (const ReleasedStage stage : {ReleasedStage::kAlign, ReleasedStage::kReproject}) {
    const CeresStage problem(input, context, stage, Rows::kPerMatch, 1, &state);
    const double error = problem.WorstJacobianError();
    std::printf("Jacobians of stage %d against central differences: %.1e\n",
                stage == ReleasedStage::kAlign ? 1 : 2,
                error);
    if (error < 1e-6) continue;
    std::fprintf(stderr, "ceres_comparison: Jacobians are wrong\n");
    std::exit(1);
  }
}

struct OwnRun {
  double wall_s, cpu_s;
  ReleasedSolution solution;
};
OwnRun RunOwn(const Input& input, const Arguments& arguments, int align, int reproject) {
  ReleasedSolveOptions options;
  options.align_iterations = align;
  options.reproject_iterations = reproject;
  std::vector<OwnRun> runs;
  for (int n = 0; n < arguments.repeat; ++n) {
    const CpuClock clock;
    ReleasedSolution solution = SolveReleased(input.problem, input.model, options, arguments.threads);
    runs.push_back({clock.WallSeconds(), clock.CpuSeconds(), std::move(solution)});
  }
  const auto median = [&](double OwnRun::*seconds) {
    std::sort(
        runs.begin(), runs.end(), [&](const OwnRun& a, const OwnRun& b) { return a.*seconds < b.*seconds; });
    return runs[runs.size() / 2].*seconds;
  };
  const double wall = median(&OwnRun::wall_s), cpu = median(&OwnRun::cpu_s);
  return {wall, cpu, std::move(runs.front().solution)};
}

// Time to Adam's totals from runs with growing limits: packing and all set-up are in every run, and in
// stage 1's time.
Result RunOurs(const Input& input, const Arguments& arguments) {
  Result result;
  result.name = "Foothold";
  const ReleasedSolveOptions defaults;
  for (int k = 1; k <= defaults.align_iterations && result.stage[0].reached_wall_s < 0; ++k) {
    const OwnRun run = RunOwn(input, arguments, k, 0);
    if (TotalOf(input, run.solution.aligned, ReleasedStage::kAlign) > input.adam[0]) continue;
    result.stage[0].reached_wall_s = run.wall_s;
    result.stage[0].reached_cpu_s = run.cpu_s;
    result.stage[0].reached_iterations = k;
  }
  const OwnRun first = RunOwn(input, arguments, defaults.align_iterations, 0);
  for (int k = 1; k <= defaults.reproject_iterations && result.stage[1].reached_wall_s < 0; ++k) {
    const OwnRun run = RunOwn(input, arguments, defaults.align_iterations, k);
    if (TotalOf(input, run.solution.reprojected, ReleasedStage::kReproject) > input.adam[1]) continue;
    result.stage[1].reached_wall_s = run.wall_s - first.wall_s;
    result.stage[1].reached_cpu_s = run.cpu_s - first.cpu_s;
    result.stage[1].reached_iterations = k;
  }
  const OwnRun both = RunOwn(input, arguments, defaults.align_iterations, defaults.reproject_iterations);
  StageResult &one = result.stage[0], &two = result.stage[1];
  one.wall_s = first.wall_s;
  one.cpu_s = first.cpu_s;
  one.iterations = both.solution.align_iterations;
  one.total = TotalOf(input, both.solution.aligned, ReleasedStage::kAlign);
  two.wall_s = both.wall_s - first.wall_s;
  two.cpu_s = both.cpu_s - first.cpu_s;
  two.iterations = both.solution.reproject_iterations;
  two.total = TotalOf(input, both.solution.reprojected, ReleasedStage::kReproject);
  return result;
}

void Print(const Result& result) {
  for (int s = 0; s < 2; ++s) {
    const StageResult& stage = result.stage[s];
    std::printf("%-24s %5d %9.4f %9.4f %6d %9.4f %9.4f %6d %10.6f %8.3f\n",
                s == 0 ? result.name.c_str() : "",
                s + 1,
                stage.reached_wall_s,
                stage.reached_cpu_s,
                stage.reached_iterations,
                stage.wall_s,
                stage.cpu_s,
                stage.iterations,
                stage.total,
                stage.build_s);
  }
  std::fflush(stdout);
}

bool Wanted(const Arguments& arguments, const std::string& name) {
  return std::all_of(arguments.only.begin(), arguments.only.end(), [&](const std::string& word) {
    return name.find(word) != std::string::npos;
  });
}

void Run(const Arguments& arguments) {
  Input input;
  input.model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  input.problem = labels::ReadJointProblem(arguments.path, input.model.num_vertices);
  input.initial = InitialParameters(input.problem);
  const labels::Hdf5Reader file(arguments.path);
  input.adam[0] = file.ReadScalar<double>("expected/adam/stage1/final/total");
  input.adam[1] = file.ReadScalar<double>("expected/adam_focal_once/stage2/final/total");
  const MatchContext context(input.problem);
  std::printf("%d keyframes, %d pairs, %zu matches; threads: %d; Adam's totals: %.6f, %.6f\n",
              input.problem.num_keyframes(),
              input.problem.num_pairs(),
              input.problem.matches.size(),
              arguments.threads,
              input.adam[0],
              input.adam[1]);
  CheckJacobians(input, context);
  std::printf("%-24s %5s %9s %9s %6s %9s %9s %6s %10s %8s\n%-24s %5s %9s %9s %6s %9s %9s %6s %10s %8s\n",
              "",
              "",
              "to Adam's",
              "",
              "",
              "to end",
              "",
              "",
              "",
              "",
              "solver",
              "stage",
              "wall s",
              "CPU s",
              "iter.",
              "wall s",
              "CPU s",
              "iter.",
              "total",
              "build s");
  const Result ours = RunOurs(input, arguments);
  Print(ours);
  double best_wall = 1e30, best_cpu = 1e30;
  for (const auto type : {ceres::SPARSE_NORMAL_CHOLESKY, ceres::DENSE_NORMAL_CHOLESKY}) {
    for (const Rows rows : {Rows::kPerPair, Rows::kPerMatch}) {
      const std::string name = std::string(type == ceres::DENSE_NORMAL_CHOLESKY ? "dense" : "sparse") +
                               (rows == Rows::kPerPair ? " pair" : " match");
      if (!Wanted(arguments, name)) continue;
      const Result result = RunCeres(input, context, arguments, type, rows);
      Print(result);
      if (!result.Reached()) continue;
      best_wall = std::min(best_wall, result.ReachedWall());
      best_cpu = std::min(best_cpu, result.ReachedCpu());
    }
  }
  if (ours.Reached() && best_wall < 1e30) {
    std::printf(
        "to Adam's totals, both stages: Foothold %.4f s, best Ceres %.4f s: %.1f times (CPU %.1f times)\n",
        ours.ReachedWall(),
        best_wall,
        best_wall / ours.ReachedWall(),
        best_cpu / ours.ReachedCpu());
  }
}

int Main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--coarse") {
      arguments.coarse = true;
      continue;
    }
    if (argument.rfind("--", 0) != 0) {
      arguments.path = argument;
      continue;
    }
    if (argument == "--threads") arguments.threads = std::atoi(value);
    if (argument == "--iterations") arguments.iterations = std::atoi(value);
    if (argument == "--repeat") arguments.repeat = std::atoi(value);
    if (argument == "--only") arguments.only.push_back(value);
    ++i;
  }
  if (arguments.path.empty() || arguments.threads < 1 || arguments.repeat < 1) {
    std::fprintf(
        stderr,
        "usage: ceres_comparison PROBLEM.h5 [--threads 1] [--iterations 50] [--repeat 5] [--coarse]\n"
        "                        [--only sparse|dense] [--only pair|match]\n");
    return 2;
  }
  Run(arguments);
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
