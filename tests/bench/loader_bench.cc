// SPDX-License-Identifier: Apache-2.0
// Training steps per second with the loader, and with one batch that stays in memory: what the loader costs.
//   foothold synth clips --clips 8 --seed 1
//   loader_bench --data.labels clips --data.kind truth [--data.FIELD VALUE ...]
//                [--size tiny|full] [--device cpu|cuda] [--compute_threads N] [--seconds S]
// Packs are made before the clock starts. Both run by turns, so that a change of the machine's speed meets
// both; the target is a ratio of 0.95.
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/student/body_joints.h"
#include "foothold/student/pair_loader.h"
#include "foothold/train/batch_source.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr int kBlock = 8;  // Steps of one kind in a row.

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  LoaderOptions data;
  std::map<std::string, std::string> values = {
      {"--size", "tiny"}, {"--device", "cpu"}, {"--compute_threads", "1"}, {"--seconds", "20"}};
};

BenchOptions ParseArguments(int argc, char** argv) {
  BenchOptions options;
  OptionSet set;
  set.Bind(&options.data);
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) throw Error(ErrorKind::kUsage, "'" + name + "' lacks its value");
    if (name.starts_with("--data.")) {
      set.Assign(name.substr(2), argv[i + 1], name);
    } else if (options.values.count(name) > 0) {
      options.values[name] = argv[i + 1];
    } else {
      throw Error(ErrorKind::kUsage, "'" + name + "' is unknown");
    }
  }
  return options;
}

struct Student {
  Student(const std::string& size, at::Device device_given, const BodyModel& body_model)
      : device(device_given),
        network(Scope(&parameters), size == "full" ? Josh3rConfig() : Josh3rConfig::Tiny()),
        body(body_model, device_given, at::kFloat) {
    parameters.Initialise(1);
    parameters.To(device, at::kFloat);
    parameters.RequireGradients(true);
  }

  // Forward, losses and gradients of one batch.
  void Step(const LoadedBatch& loaded) {
    const TrainingBatch here = ToDevice({loaded.batch, loaded.targets, loaded.sample_seeds}, device);
    ForwardMode mode;
    mode.training = true;
    mode.sample_seeds = here.sample_seeds;
    const PairPrediction prediction = network.Forward(here.batch, mode);
    const at::Tensor total = ComputePairLosses(prediction, here.targets, body).Total();
    total.backward();
    total.item<float>();  // Waits for the device.
  }

  at::Device device;
  ParameterSet parameters;
  Josh3r network;
  BodyJoints body;
};

double SecondsOf(const std::function<void()>& function) {
  const Clock::time_point begin = Clock::now();
  function();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Run(const BenchOptions& options) {
  const auto text = [&](const char* name) { return options.values.at(name); };
  at::set_num_threads(std::atoi(text("--compute_threads").c_str()));
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  PairLoader loader(options.data, body, 0, 1);
  Student student(text("--size"), DeviceNamed(text("--device")), body);
  const LoadedBatch in_memory = loader.Next();
  student.Step(in_memory);

  // The loader alone, for comparison: how much faster it could be.
  const int alone = 4 * std::max(options.data.prefetch, 4);
  const double alone_s = SecondsOf([&] {
    for (int i = 0; i < alone; ++i) loader.Next();
  });

  const double limit_s = std::atof(text("--seconds").c_str());
  double memory_s = 0, loader_s = 0, wait_s = 0;
  int steps = 0;
  while (memory_s + loader_s < limit_s || steps < kBlock) {
    for (int i = 0; i < kBlock; ++i) memory_s += SecondsOf([&] { student.Step(in_memory); });
    // What the loader made meanwhile is used up before the clock starts.
    for (int i = 0; i < options.data.prefetch; ++i) student.Step(loader.Next());
    for (int i = 0; i < kBlock; ++i) {
      LoadedBatch loaded;
      const double this_wait_s = SecondsOf([&] { loaded = loader.Next(); });
      wait_s += this_wait_s;
      loader_s += this_wait_s + SecondsOf([&] { student.Step(loaded); });
    }
    steps += kBlock;
  }
  const double batch = options.data.batch_size;
  std::printf("%dx%d, batch %d, %d loader threads, %d compute threads, %s on %s\n",
              options.data.width,
              options.data.height,
              options.data.batch_size,
              options.data.threads,
              at::get_num_threads(),
              text("--size").c_str(),
              text("--device").c_str());
  std::printf("loader alone          %9.1f pairs/s\n", batch * alone / alone_s);
  std::printf("one batch in memory   %9.2f pairs/s (%d steps)\n", batch * steps / memory_s, steps);
  std::printf(
      "with the loader       %9.2f pairs/s, ratio %.3f\n", batch * steps / loader_s, memory_s / loader_s);
  std::printf("of it waiting for a batch %.2f %%\n", 100 * wait_s / loader_s);
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  try {
    const foothold::BenchOptions options = foothold::ParseArguments(argc, argv);
    foothold::TranslateTorchErrors("loader_bench", [&] { foothold::Run(options); });
  } catch (const foothold::Error& error) {
    std::fprintf(stderr, "loader_bench: %s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
  return 0;
}
