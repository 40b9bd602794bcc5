// SPDX-License-Identifier: Apache-2.0
// How the second-order solver of the released objective scales: with threads, keyframes and people, on
// problems made in memory (support/random_joint_problem.h). One row per problem: wall and CPU seconds of
// SolveReleased (median of --repeat runs), per iteration and keyframe, and the peak memory of the process so
// far.
//   build/bin/solver_scaling [--matches 300] [--repeat 3] [--threads 2]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "foothold/base/median.h"
#include "foothold/josh/released_solve.h"
#include "support/random_joint_problem.h"

namespace foothold {
namespace {

struct Arguments {
  int matches = 300, repeat = 3, threads = 2;
};

struct Times {
  double wall_s = 0, cpu_s = 0;
  int iterations = 0;
};

Times Measure(const JointProblem& problem, const BodyModel& model, int threads, int repeat) {
  std::vector<double> wall_s, cpu_s;
  Times times;
  for (int n = 0; n < repeat; ++n) {
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    const ReleasedSolution solution = SolveReleased(problem, model, {}, threads);
    cpu_s.push_back(static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
    wall_s.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count());
    times.iterations = solution.align_iterations + solution.reproject_iterations;
  }
  times.wall_s = UpperMedian(wall_s);
  times.cpu_s = UpperMedian(cpu_s);
  return times;
}

double PeakMemory_MiB() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void Row(int keyframes, int people, int threads, const Arguments& arguments, const BodyModel& model) {
  RandomProblemOptions options;
  options.keyframes = keyframes;
  options.people = people;
  options.matches_per_pair = arguments.matches;
  options.leave_probability = 0;
  const JointProblem problem = MakeRandomProblem(options, model);
  const Times times = Measure(problem, model, threads, arguments.repeat);
  std::printf("%9d %6d %7d %9zu %7d %9.4f %9.4f %10.1f %9.0f\n",
              keyframes,
              people,
              threads,
              problem.matches.size(),
              times.iterations,
              times.wall_s,
              times.cpu_s,
              1e6 * times.wall_s / times.iterations / keyframes,
              PeakMemory_MiB());
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--matches") arguments.matches = std::atoi(argv[i + 1]);
    if (name == "--repeat") arguments.repeat = std::atoi(argv[i + 1]);
    if (name == "--threads") arguments.threads = std::atoi(argv[i + 1]);
  }
  const BodyModel model = StickBodyModel();
  std::printf("keyframes people threads   matches  steps    wall s     CPU s us/step/kf  peak MiB\n");
  for (int threads = 1; threads <= arguments.threads; ++threads) Row(21, 1, threads, arguments, model);
  for (const int people : {0, 3, 10}) Row(21, people, arguments.threads, arguments, model);
  for (const int keyframes : {41, 400, 3600}) Row(keyframes, 1, arguments.threads, arguments, model);
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
