// SPDX-License-Identifier: Apache-2.0
// The batched solver on the GPU against the same kernel bodies on the CPU. Without GoogleTest, so that it
// also runs on a bare GPU node. Exit code 77: no GPU here, unless FOOTHOLD_REQUIRE_DEVICE is set, which
// makes that a failure. `--device cpu` checks the checks.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foothold/device/device.h"
#include "foothold/josh/released_batch.h"
#include "support/random_joint_problem.h"

namespace foothold {
namespace {

// Sums in float differ in their last bits (fused multiplies and adds, approximate divisions), the minimum
// that damped steps reach differs by much less than this.
constexpr double kTotalTolerance = 1e-4;

int failures = 0;

void Expect(bool condition, const std::string& what) {
  if (condition) return;
  ++failures;
  std::printf("FAILED: %s\n", what.c_str());
}

std::vector<double> Numbers(const ReleasedBatchResult& result) {
  std::vector<double> out;
  for (const JointParameters* parameters : {&result.solution.aligned, &result.solution.reprojected}) {
    out.insert(out.end(), parameters->log_size.begin(), parameters->log_size.end());
    out.push_back(parameters->log_focal);
    for (const Quatd& q : parameters->camera_rotation) out.insert(out.end(), {q.w, q.x, q.y, q.z});
    for (const Vec3d& t : parameters->camera_tau_m) out.insert(out.end(), t.data, t.data + 3);
  }
  return out;
}

bool AllFinite(const std::vector<double>& numbers) {
  for (const double x : numbers) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

JointProblem MakeProblem(uint64_t seed, int keyframes, int people, int matches, const BodyModel& model) {
  RandomProblemOptions options;
  options.seed = seed;
  options.keyframes = keyframes;
  options.people = people;
  options.matches_per_pair = matches;
  return MakeRandomProblem(options, model);
}

std::vector<const JointProblem*> Pointers(const std::vector<JointProblem>& problems) {
  std::vector<const JointProblem*> pointers;
  for (const JointProblem& problem : problems) pointers.push_back(&problem);
  return pointers;
}

void CompareTotals(const std::vector<JointProblem>& problems, const BodyModel& model, BatchDevice device) {
  ReleasedBatchOptions options;
  options.solve.align_iterations = options.solve.reproject_iterations = 25;
  const auto expected = SolveReleasedBatch(Pointers(problems), model, options, BatchDevice::kCpu);
  const auto actual = SolveReleasedBatch(Pointers(problems), model, options, device);
  double worst = 0;
  for (size_t p = 0; p < problems.size(); ++p) {
    const std::string at = "problem " + std::to_string(p);
    Expect(actual[p].problem.empty(), at + ": " + actual[p].problem);
    for (const ReleasedStage stage : {ReleasedStage::kAlign, ReleasedStage::kReproject}) {
      const auto total = [&](const ReleasedSolution& solution) {
        const JointParameters& parameters =
            stage == ReleasedStage::kAlign ? solution.aligned : solution.reprojected;
        return EvaluateReleased(problems[p], model, parameters, stage, {}, 1, nullptr).total;
      };
      const double cpu = total(expected[p].solution), gpu = total(actual[p].solution);
      worst = std::fmax(worst, std::fabs(gpu - cpu) / cpu);
      Expect(std::fabs(gpu - cpu) <= kTotalTolerance * cpu,
             at + ": total " + std::to_string(gpu) + ", on the CPU " + std::to_string(cpu));
    }
  }
  std::printf("%zu problems, largest relative difference of totals %.3g (allowed %.3g)\n",
              problems.size(),
              worst,
              kTotalTolerance);
}

// The same bits alone, together, in several batches and again.
void CompareBits(const std::vector<JointProblem>& problems, const BodyModel& model, BatchDevice device) {
  ReleasedBatchSolver solver({}, device);
  const auto together = solver.Solve(Pointers(problems), model);
  const auto again = solver.Solve(Pointers(problems), model);
  ReleasedBatchOptions tight;
  tight.memory_budget_bytes = 64 << 20;
  const auto split = SolveReleasedBatch(Pointers(problems), model, tight, device);
  for (size_t p = 0; p < problems.size(); ++p) {
    const std::string at = "problem " + std::to_string(p) + ": other bits ";
    const std::vector<double> numbers = Numbers(together[p]);
    Expect(Numbers(again[p]) == numbers, at + "the second time");
    Expect(Numbers(split[p]) == numbers, at + "in smaller batches");
    Expect(Numbers(solver.Solve({&problems[p]}, model)[0]) == numbers, at + "alone");
  }
}

void CheckBadProblem(const std::vector<JointProblem>& problems, const BodyModel& model, BatchDevice device) {
  std::vector<JointProblem> mixed = {problems[0], problems[1], problems[2]};
  const auto expected = SolveReleasedBatch(Pointers(mixed), model, {}, device);
  for (float& omega : mixed[1].matches.omega1) omega = 1e38f;  // Valid, but sums overflow.
  const auto results = SolveReleasedBatch(Pointers(mixed), model, {}, device);
  Expect(results[1].problem.find("not finite") != std::string::npos,
         "overflow: '" + results[1].problem + "'");
  Expect(AllFinite(Numbers(results[1])), "overflow: the result is not finite");
  for (const int p : {0, 2}) {
    Expect(Numbers(results[p]) == Numbers(expected[p]), "a bad problem changed its neighbour");
  }
}

void CheckRandomProblems(const BodyModel& model, BatchDevice device) {
  std::vector<JointProblem> problems;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    problems.push_back(MakeRandomProblem(RandomProblemSizes(seed), model));
  }
  const auto results = SolveReleasedBatch(Pointers(problems), model, {}, device);
  const auto again = SolveReleasedBatch(Pointers(problems), model, {}, device);
  for (size_t p = 0; p < problems.size(); ++p) {
    const std::string at = "random problem " + std::to_string(p);
    Expect(AllFinite(Numbers(results[p])), at + " is not finite");
    Expect(Numbers(results[p]) == Numbers(again[p]), at + " does not repeat");
  }
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  using namespace foothold;
  const bool on_cpu = argc == 3 && std::string(argv[1]) == "--device" && std::string(argv[2]) == "cpu";
  try {
    if (on_cpu) {
      std::printf("CPU against itself\n");
    } else if (DeviceCount() > 0) {
      std::printf("%s\n", DescribeDevice(SelectDevice(0)).c_str());
    } else {
      std::printf("SKIPPED, NO GPU: %s\n", WhyNoDevice().c_str());
      return std::getenv("FOOTHOLD_REQUIRE_DEVICE") != nullptr ? 1 : 77;
    }
    const BatchDevice device = on_cpu ? BatchDevice::kCpu : BatchDevice::kCuda;
    const BodyModel model = StickBodyModel();
    const std::vector<JointProblem> problems = {MakeProblem(1, 5, 1, 400, model),
                                                MakeProblem(2, 21, 1, 600, model),
                                                MakeProblem(3, 9, 3, 5000, model),
                                                MakeProblem(4, 41, 2, 200, model),
                                                MakeProblem(5, 1, 1, 0, model)};
    CompareTotals(problems, model, device);
    CompareBits(problems, model, device);
    CheckBadProblem(problems, model, device);
    CheckRandomProblems(model, device);
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
  } catch (const Error& error) {
    std::printf("%s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
