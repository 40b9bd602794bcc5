// SPDX-License-Identifier: Apache-2.0
// The inner loops of the joint optimisation against what the machine can do: nanoseconds per match,
// GFLOP/s and GB/s of the accumulation kernels, beside the peaks of loops that only multiply and add, or
// only read, measured in the same run.
//   build/bin/solver_kernels PROBLEM.h5 [--threads 2] [--seconds 1]
// docs/performance.md, "Solver", has the table.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "counted_number.h"
#include "cpu_clock.h"
#include "foothold/base/parallel.h"
#include "foothold/objective/match_sums.h"
#include "foothold/objective/released/solver_terms.h"
#include "labels/body_file.h"
#include "labels/joint_problem_file.h"

namespace foothold {
namespace {

constexpr int kAlignFloats = 9;      // Read per match: two ends and a confidence.
constexpr int kReprojectFloats = 7;  // Read per match and direction: an end, a pixel and a confidence.

struct Rate {
  double wall_s = 1e30, cpu_s = 1e30;  // Of one pass; the best of many.
};

// A machine with other work on it disturbs single passes: the best one is the kernel's own time.
Rate Measure(double seconds, const std::function<void()>& pass) {
  pass();
  Rate best;
  const CpuClock all;
  do {
    const CpuClock clock;
    pass();
    best.wall_s = std::min(best.wall_s, clock.WallSeconds());
    best.cpu_s = std::min(best.cpu_s, clock.CpuSeconds());
  } while (all.WallSeconds() < seconds);
  return best;
}

template <class Number>
PointModel<Number> SomeModel() {
  PointModel<Number> model;
  for (int e = 0; e < 9; ++e) model.rays.data[e] = Number(e % 4 == 0 ? 0.002f : 0.0001f);
  model.rays(2, 2) = Number(1.0f);
  model.shift = Number(0.1f);
  model.stretch = Number(1.0f);
  model.zoom = Number(2.0f);
  return model;
}

struct FlopCounts {
  int64_t align, align_cost, reproject, reproject_cost;
};

template <bool kDerivatives>
int64_t CountAlignment(const SmoothKernel<CountedNumber>& kernel, const MatchEnd<CountedNumber>& end) {
  AlignSums<CountedNumber> sums;
  sums.SetZero();
  const auto model = SomeModel<CountedNumber>();
  const Vec<CountedNumber, 3> translation{0.1f, 0.1f, 0.1f};
  const CountedNumber confidence = 1.0f;
  CountedNumber::flops = 0;
  AddAlignment<kDerivatives>(model, model, translation, kernel, end, end, confidence, &sums);
  return CountedNumber::flops;
}

template <bool kDerivatives>
int64_t CountReprojection(const SmoothKernel<CountedNumber>& kernel, const MatchEnd<CountedNumber>& end) {
  ReprojectSums<CountedNumber> sums;
  sums.SetZero();
  ProjectionModel<CountedNumber> projection;
  projection.translation = {0.1f, 0.1f, 0.1f};
  projection.focal = 480.0f;
  projection.min_depth = 1e-3f;
  projection.min_depth_ratio = 0.0f;
  for (int a = 0; a < 2; ++a) {
    projection.center[a] = 256.0f;
    projection.low[a] = -1000.0f;
    projection.high[a] = 2000.0f;
  }
  const auto model = SomeModel<CountedNumber>();
  const CountedNumber pixel = 10.0f, confidence = 1.0f;
  CountedNumber::flops = 0;
  AddReprojection<kDerivatives>(model, projection, kernel, end, pixel, pixel, confidence, &sums);
  return CountedNumber::flops;
}

FlopCounts CountFlops() {
  const SmoothKernel<CountedNumber> kernel{0.4f, -0.6f, 0.2f, 1e-3f, 0.5f, 1.0f, 1e9f};
  const MatchEnd<CountedNumber> end{10.0f, 20.0f, 3.0f, 0.01f};
  return {CountAlignment<true>(kernel, end),
          CountAlignment<false>(kernel, end),
          CountReprojection<true>(kernel, end),
          CountReprojection<false>(kernel, end)};
}

// GFLOP/s of independent fused multiply-adds on full registers.
double PeakGflops(int threads, double seconds) {
  constexpr int kChains = 12, kSteps = 200000;
  std::vector<float> results(16 * threads);
  const Rate rate = Measure(seconds, [&] {
    ParallelFor(threads, threads, [&](int thread) {
      Float8 chain[kChains];
      for (int c = 0; c < kChains; ++c) chain[c] = static_cast<float>(c);
      const Float8 factor = 0.999f, step = 0.001f;
      for (int s = 0; s < kSteps; ++s) {
        for (int c = 0; c < kChains; ++c) chain[c] = chain[c] * factor + step;
      }
      Float8 sum = 0.0f;
      for (int c = 0; c < kChains; ++c) sum = sum + chain[c];
      sum.Store(&results[16 * thread]);
    });
  });
  return 2e-9 * kChains * kSteps * Float8::kLanes * threads / rate.wall_s;
}

// GB/s of reading an array that no cache holds, or of one that the second-level cache holds.
double PeakGigabytes(size_t floats, int threads, double seconds) {
  const std::vector<float> array(floats * threads, 1.0f);
  const size_t repeats = std::max<size_t>(1, (size_t{1} << 24) / floats);
  std::vector<float> results(16 * threads);
  const Rate rate = Measure(seconds, [&] {
    ParallelFor(threads, threads, [&](int thread) {
      Float8 sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
      for (size_t n = 0; n < repeats; ++n) {
        const float* from = &array[floats * thread];
        for (size_t i = 0; i < floats; i += 32) {
          for (int c = 0; c < 4; ++c) sum[c] = sum[c] + Float8::Load(from + i + 8 * c);
        }
      }
      ((sum[0] + sum[1]) + (sum[2] + sum[3])).Store(&results[16 * thread]);
    });
  });
  return 4e-9 * static_cast<double>(floats * repeats * threads) / rate.wall_s;
}

class KernelBench {
 public:
  KernelBench(const JointProblem& problem, double seconds)
      : matches_(PackProblemMatches(problem)), seconds_(seconds) {
    const Vec2d center{problem.width / 2.0, problem.height / 2.0};
    limits_ = {kMinProjectDepth_m,
               0,
               center,
               Vec2d{kMinProjection_px, kMinProjection_px} - center,
               Vec2d{kMaxProjection_px, kMaxProjection_px} - center};
    geometry_.rotation = MatrixFromQuaternion(ExpQuaternion(Vec3d{0.01, 0.02, -0.01}));
    geometry_.translation_m = {0.1, 0.02, 0.05};
    geometry_.focal_px = problem.initial_focal_px;
    // Halfway to another focal length, so that no factor is one.
    geometry_.source_depth = geometry_.target_depth = {0.1, 0.98, 3.0};
    for (const float c : matches_.confidence) num_matches_ += c > 0 ? 1 : 0;
  }

  int64_t num_matches() const { return num_matches_; }

  Rate Align(int threads, bool derivatives) {
    return Pass(threads, [&](int pair) {
      return SumAlignment(matches_, pair, geometry_, {kHumanGamma, 1e-4}, derivatives).cost;
    });
  }
  Rate Reproject(int threads, bool derivatives) {
    return Pass(threads, [&](int pair) {
      return SumReprojection(matches_, pair, true, geometry_, limits_, {kReprojectGamma, 0.05}, derivatives)
          .cost;
    });
  }

 private:
  Rate Pass(int threads, const std::function<double(int)>& cost_of_pair) {
    std::vector<double> costs(matches_.pairs.size());
    return Measure(seconds_, [&] {
      ParallelFor(
          static_cast<int>(costs.size()), threads, [&](int pair) { costs[pair] = cost_of_pair(pair); });
    });
  }

  PackedMatches matches_;
  PairGeometry geometry_;
  ProjectionLimits limits_;
  double seconds_;
  int64_t num_matches_ = 0;
};

void PrintRow(const char* name, const Rate& rate, double matches, int64_t flops, int floats, double peak) {
  const double gflops = 1e-9 * matches * static_cast<double>(flops) / rate.wall_s;
  std::printf("%-26s %8.3f %8.3f %8.2f %9d %9d %9.1f %8.1f %7.0f%%\n",
              name,
              1e3 * rate.wall_s,
              1e3 * rate.cpu_s,
              1e9 * rate.wall_s / matches,
              static_cast<int>(flops),
              4 * floats,
              gflops,
              4e-9 * floats * matches / rate.wall_s,
              100 * gflops / peak);
}

void Run(const std::string& path, int max_threads, double seconds) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  KernelBench bench(labels::ReadJointProblem(path, body.num_vertices), seconds);
  const FlopCounts flops = CountFlops();
  const auto matches = static_cast<double>(bench.num_matches());
  std::printf("%lld matches; one pass is one direction of every pair; the best of %.1f s each\n",
              static_cast<long long>(bench.num_matches()),
              seconds);
  for (int threads = 1; threads <= max_threads; threads *= 2) {
    const double peak = PeakGflops(threads, seconds / 4);
    std::printf(
        "\n%d thread%s: fused multiply-adds %.1f GFLOP/s; reading %.1f GB/s from memory, %.1f GB/s from "
        "cache\n",
        threads,
        threads == 1 ? "" : "s",
        peak,
        PeakGigabytes(size_t{1} << 25, threads, seconds / 4),
        PeakGigabytes(size_t{1} << 15, threads, seconds / 4));
    std::printf("%-26s %8s %8s %8s %9s %9s %9s %8s %8s\n",
                "kernel",
                "wall ms",
                "CPU ms",
                "ns/match",
                "flops",
                "bytes",
                "GFLOP/s",
                "GB/s",
                "of peak");
    PrintRow("alignment", bench.Align(threads, true), matches, flops.align, kAlignFloats, peak);
    PrintRow(
        "alignment, cost only", bench.Align(threads, false), matches, flops.align_cost, kAlignFloats, peak);
    PrintRow(
        "reprojection", bench.Reproject(threads, true), matches, flops.reproject, kReprojectFloats, peak);
    PrintRow("reprojection, cost only",
             bench.Reproject(threads, false),
             matches,
             flops.reproject_cost,
             kReprojectFloats,
             peak);
  }
}

int Main(int argc, char** argv) {
  std::string path;
  int threads = 2;
  double seconds = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--threads" && i + 1 < argc) {
      threads = std::atoi(argv[++i]);
    } else if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else {
      path = argument;
    }
  }
  if (path.empty() || threads < 1) {
    std::fprintf(stderr, "usage: solver_kernels PROBLEM.h5 [--threads 2] [--seconds 1]\n");
    return 2;
  }
  Run(path, threads, seconds);
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
