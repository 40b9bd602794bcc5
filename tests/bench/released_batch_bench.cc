// SPDX-License-Identifier: Apache-2.0
// How fast the batched solver of the released objective is, on generated problems (docs/performance.md):
//   released_batch_bench [--device cpu|cuda] [--chunks N] [--keyframes N] [--people N] [--matches N]
//                        [--threads N] [--repeats N] [--budget-mib N]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "foothold/base/parallel.h"
#include "foothold/device/device.h"
#include "foothold/josh/released_batch.h"
#include "support/random_joint_problem.h"

namespace foothold {
namespace {

struct BenchOptions {
  bool cuda = false;
  int chunks = 64;
  RandomProblemOptions problem;
  ReleasedBatchOptions solver;
  int repeats = 5;
};

// False on anything it does not know.
bool Parse(int argc, char** argv, BenchOptions* options) {
  size_t budget_mib = options->solver.memory_budget_bytes >> 20;
  const std::map<std::string, int*> numbers = {{"--chunks", &options->chunks},
                                               {"--keyframes", &options->problem.keyframes},
                                               {"--people", &options->problem.people},
                                               {"--matches", &options->problem.matches_per_pair},
                                               {"--threads", &options->solver.threads},
                                               {"--repeats", &options->repeats}};
  for (int a = 1; a + 1 < argc; a += 2) {
    const std::string name = argv[a], value = argv[a + 1];
    if (name == "--device") {
      options->cuda = value == "cuda";
      if (value != "cuda" && value != "cpu") return false;
    } else if (name == "--budget-mib") {
      budget_mib = std::strtoull(value.c_str(), nullptr, 10);
    } else if (numbers.contains(name)) {
      *numbers.at(name) = std::atoi(value.c_str());
      if (*numbers.at(name) < (name == "--people" ? 0 : 1)) return false;
    } else {
      return false;
    }
  }
  options->solver.memory_budget_bytes = budget_mib << 20;
  return argc % 2 == 1;
}

double Milliseconds(const std::chrono::steady_clock::time_point& since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

// Bytes read and written per second by a plain copy of 1 GiB (CPU: 256 MiB), best of several, in GB/s.
double CopyBandwidth(bool cuda) {
  double best_ms = 1e30;
  const size_t size = size_t{1} << (cuda ? 30 : 28);
  if (cuda) {
    DeviceBuffer<unsigned char> from(size), to(size);
    DeviceStream stream;
    DeviceTimer timer;
    for (int round = 0; round < 10; ++round) {
      timer.Start(stream);
      to.CopyFrom(from, size, stream);
      timer.Stop(stream);
      best_ms = std::min(best_ms, timer.Wait_ms());
    }
  } else {
    std::vector<unsigned char> from(size, 1), to(size);
    for (int round = 0; round < 10; ++round) {
      const auto start = std::chrono::steady_clock::now();
      std::memcpy(to.data(), from.data(), size);
      best_ms = std::min(best_ms, Milliseconds(start));
    }
  }
  return 2 * static_cast<double>(size) / best_ms * 1e-6;
}

// Arrays in memory to results; the first call also allocates and records graphs.
void TimeSolves(const std::string& name,
                const std::vector<const JointProblem*>& problems,
                const BodyModel& model,
                const BenchOptions& options,
                ReleasedBatchSolver* solver) {
  std::vector<double> times;
  double first_ms = 0;
  int steps = 0, rejected = 0, failed = 0;
  for (int round = 0; round <= options.repeats; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const auto results = solver->Solve(problems, model);
    const double elapsed_ms = Milliseconds(start);
    if (round == 0) {
      first_ms = elapsed_ms;
    } else {
      times.push_back(elapsed_ms);
    }
    steps = rejected = failed = 0;
    for (const ReleasedBatchResult& result : results) {
      steps += result.solution.align_iterations + result.solution.reproject_iterations;
      rejected += result.solution.summary.num_rejected_steps;
      failed += !result.problem.empty();
    }
  }
  std::sort(times.begin(), times.end());
  const double count = static_cast<double>(problems.size());
  std::printf(
      "%s: %.3f ms per chunk (median of %zu; best %.3f, first call %.3f), %.1f steps and %.1f rejected per "
      "chunk, %d failed\n",
      name.c_str(),
      times[times.size() / 2] / count,
      times.size(),
      times.front() / count,
      first_ms / count,
      steps / count,
      rejected / count,
      failed);
}

void Run(const BenchOptions& options) {
  std::printf("device: %s\n", options.cuda ? DescribeDevice(SelectDevice(0)).c_str() : "cpu");
  const BodyModel model = StickBodyModel();
  // A few different problems, repeated.
  std::vector<JointProblem> problems(std::min(options.chunks, 8));
  ParallelFor(static_cast<int>(problems.size()), options.solver.threads, [&](int p) {
    RandomProblemOptions problem = options.problem;
    problem.seed = p + 1;
    problems[p] = MakeRandomProblem(problem, model);
  });
  std::vector<const JointProblem*> pointers;
  for (int c = 0; c < options.chunks; ++c) pointers.push_back(&problems[c % problems.size()]);
  std::printf("chunks of %d keyframes, %d pairs, %zu matches, %d people; %d threads\n",
              problems[0].num_keyframes(),
              problems[0].num_pairs(),
              problems[0].matches.size(),
              options.problem.people,
              options.solver.threads);
  ReleasedBatchSolver solver(options.solver, options.cuda ? BatchDevice::kCuda : BatchDevice::kCpu);
  TimeSolves("1 chunk", {pointers[0]}, model, options, &solver);
  if (options.chunks > 1) {
    TimeSolves(std::to_string(options.chunks) + " chunks", pointers, model, options, &solver);
  }
  const double copy = CopyBandwidth(options.cuda);
  std::printf("plain copy: %.1f GB/s read and written\n", copy);
  for (const ReleasedStage stage : {ReleasedStage::kAlign, ReleasedStage::kReproject}) {
    const auto pass = solver.MeasureAccumulation(stage, options.cuda ? 50 : 3);
    const double bandwidth = pass.bytes / pass.milliseconds * 1e-6;
    std::printf("stage %d accumulation: %.3f ms per pass over %.1f MB, %.1f GB/s, %.0f %% of the copy\n",
                stage == ReleasedStage::kAlign ? 1 : 2,
                pass.milliseconds,
                pass.bytes * 1e-6,
                bandwidth,
                100 * bandwidth / copy);
  }
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  foothold::BenchOptions options;
  if (!foothold::Parse(argc, argv, &options)) {
    std::fprintf(stderr,
                 "usage: released_batch_bench [--device cpu|cuda] [--chunks N] [--keyframes N] [--people N] "
                 "[--matches N] [--threads N] [--repeats N] [--budget-mib N]\n");
    return static_cast<int>(foothold::ExitCode::kUsage);
  }
  try {
    foothold::Run(options);
    return 0;
  } catch (const foothold::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
