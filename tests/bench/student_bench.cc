// SPDX-License-Identifier: Apache-2.0
// Pairs per second of the student and its backbone with random weights: speed does not depend on training.
//   student_bench --size tiny|full --device cpu|cuda --precision fp32|bf16|fp16 --batch 8
// --check also compares the outputs with those of the CPU in float32; --optimiser also times what the student
// replaces on the same device: the joint optimisation (released objective) of a chunk of 101 frames.
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/josh/released_batch.h"
#include "foothold/student/josh3r.h"
#include "support/random_joint_problem.h"

namespace foothold {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

constexpr int kGapFrames = 3;  // predict.gap_frames

struct BenchOptions {
  std::map<std::string, std::string> values = {{"--size", "tiny"},
                                               {"--device", "cpu"},
                                               {"--precision", "fp32"},
                                               {"--batch", "1"},
                                               {"--rows", "384"},
                                               {"--columns", "512"},
                                               {"--seconds", "5"},
                                               {"--threads", "1"},
                                               {"--check", "no"},
                                               {"--optimiser", "no"}};
  const std::string& Text(const std::string& name) const { return values.at(name); }
  int Whole(const std::string& name) const { return std::atoi(Text(name).c_str()); }
};

BenchOptions ParseArguments(int argc, char** argv) {
  BenchOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool is_switch = name == "--check" || name == "--optimiser";
    if (options.values.count(name) == 0 || (!is_switch && i + 1 == argc)) {
      throw Error(ErrorKind::kUsage, "'" + name + "' is unknown or lacks its value");
    }
    options.values[name] = is_switch ? "yes" : argv[++i];
  }
  return options;
}

struct Student {
  Student(const std::string& size, at::Device device, at::ScalarType precision)
      : network(Scope(&parameters), size == "full" ? Josh3rConfig() : Josh3rConfig::Tiny()) {
    parameters.Initialise(1);
    parameters.To(device, precision);
  }
  ParameterSet parameters;
  Josh3r network;
};

PairBatch MakeBatch(int64_t pairs, int64_t rows, int64_t columns, at::Device device) {
  at::Generator generator = at::detail::createCPUGenerator(7);
  PairBatch batch;
  batch.images = (at::rand({pairs, 2, 3, rows, columns}, generator) * 2 - 1).to(device);
  batch.boxes_px = at::tensor({0.3, 0.1, 0.6, 0.9})
                       .mul(at::tensor({columns, rows, columns, rows}))
                       .expand({pairs, 2, 4})
                       .to(device);
  return batch;
}

// Waits for the device: kernels run asynchronously, and a number of theirs can only be had when they are
// done.
void WaitFor(const at::Tensor& tensor) { tensor.flatten()[0].item<float>(); }

// Seconds per call, the median of as many as fit into the time after one to warm up.
template <class Function>
double MedianSeconds(double time_s, const Function& function) {
  for (int i = 0; i < 3; ++i) WaitFor(function());
  std::vector<double> seconds;
  const Clock::time_point start = Clock::now();
  do {
    const Clock::time_point begin = Clock::now();
    WaitFor(function());
    seconds.push_back(SecondsSince(begin));
  } while (SecondsSince(start) < time_s);
  std::nth_element(
      seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
  return seconds[seconds.size() / 2];
}

void PrintDifferences(const PairPrediction& prediction, const PairPrediction& reference) {
  const std::vector<std::pair<const char*, at::Tensor PairPrediction::*>> fields = {
      {"rel_rotation", &PairPrediction::rel_rotation},
      {"translation1", &PairPrediction::translation1},
      {"translation2", &PairPrediction::translation2},
      {"points1", &PairPrediction::points1},
      {"points2", &PairPrediction::points2}};
  for (const auto& [name, field] : fields) {
    const at::Tensor expected = reference.*field;
    const double difference = ((prediction.*field).cpu() - expected).abs().max().item<double>();
    std::printf("  %-13s largest difference from float32 on the CPU: %.2e of %.2e\n",
                name,
                difference,
                expected.abs().max().item<double>());
  }
}

// Frames per second of the optimiser: 21 keyframes stand for 101 frames. One chunk on the CPU, 64 at once on
// a GPU.
void TimeOptimiser(const BenchOptions& options) {
  const bool on_gpu = options.Text("--device") == "cuda";
  const BodyModel model = StickBodyModel();
  const JointProblem problem = MakeRandomProblem({}, model);
  const std::vector<const JointProblem*> chunks(on_gpu ? 64 : 1, &problem);
  ReleasedBatchOptions batch;
  batch.threads = std::max(1, options.Whole("--threads"));
  std::vector<double> seconds;
  for (int n = 0; n < 5; ++n) {
    const Clock::time_point begin = Clock::now();
    SolveReleasedBatch(chunks, model, batch, on_gpu ? BatchDevice::kCuda : BatchDevice::kCpu);
    seconds.push_back(SecondsSince(begin));
  }
  std::nth_element(seconds.begin(), seconds.begin() + 2, seconds.end());
  std::printf("  optimiser         %10.3f frames/s of a video\n",
              101.0 * static_cast<double>(chunks.size()) / seconds[2]);
}

void Run(const BenchOptions& options) {
  const c10::NoGradGuard no_gradients;
  const at::Device device = DeviceNamed(options.Text("--device"));
  const at::ScalarType precision = PrecisionNamed(options.Text("--precision"));
  const int pairs = options.Whole("--batch");
  at::set_num_threads(std::max(1, options.Whole("--threads")));
  const double time_s = options.Whole("--seconds");
  if (pairs < 1) throw Error(ErrorKind::kUsage, "--batch is at least 1");
  const Student student(options.Text("--size"), device, precision);
  const PairBatch batch = MakeBatch(pairs, options.Whole("--rows"), options.Whole("--columns"), device);
  std::printf("%s student, %s, %s, %d pairs of %s x %s, %lld parameters\n",
              options.Text("--size").c_str(),
              options.Text("--device").c_str(),
              options.Text("--precision").c_str(),
              pairs,
              options.Text("--columns").c_str(),
              options.Text("--rows").c_str(),
              static_cast<long long>(student.parameters.NumParameters()));

  const double pair_s =
      MedianSeconds(time_s, [&] { return student.network.Forward(batch, {}).rel_rotation; });
  std::printf("  pairs             %10.3f pairs/s\n", pairs / pair_s);
  // In a video every image but the first was encoded with the pair before.
  const at::Tensor frames = batch.images.select(1, 0);
  const ImageTokens previous = student.network.backbone().Encode(batch.images.select(1, 1));
  const double frame_s = MedianSeconds(time_s, [&] {
    const ImageTokens next = student.network.backbone().Encode(frames);
    return student.network.ForwardEncoded(previous, next, batch.boxes_px, {}).rel_rotation;
  });
  std::printf("  images of a video %10.3f images/s: with an image every %d frames %.3f frames/s\n",
              pairs / frame_s,
              kGapFrames,
              kGapFrames * pairs / frame_s);
  if (options.Text("--optimiser") == "yes") TimeOptimiser(options);

  if (options.Text("--check") == "yes") {
    const Student reference(options.Text("--size"), at::kCPU, at::kFloat);
    const PairBatch same = {batch.images.cpu(), batch.boxes_px.cpu()};
    PrintDifferences(student.network.Forward(batch, {}), reference.network.Forward(same, {}));
  }
}

int Main(int argc, char** argv) {
  try {
    const BenchOptions options = ParseArguments(argc, argv);
    TranslateTorchErrors("student_bench", [&] { Run(options); });
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "student_bench: %s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
