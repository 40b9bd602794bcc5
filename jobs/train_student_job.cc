// SPDX-License-Identifier: Apache-2.0
#include "jobs/train_student_job.h"

#include <ATen/Parallel.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <optional>

#include "foothold/base/atomic_file.h"
#include "foothold/base/log.h"
#include "foothold/comm/communicator.h"
#include "foothold/config/command_line.h"
#include "foothold/device/device.h"
#include "foothold/pipeline/program_options.h"
#include "foothold/train/synthetic_source.h"
#include "foothold/train/trainer.h"
#include "jobs/drain.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr char kUsage[] =
    "usage: train_student --labels DIR --output DIR [--config FILE] [--section.name VALUE ...]\n"
    "Trains the student on labels, alone or under mpirun or srun. Run it again to go on from the last "
    "checkpoint.";

const std::map<std::string, std::string> kAliases = {
    {"labels", "train.labels"}, {"held-out", "train.held_out"}, {"output", "train.output"}};

struct Plan {
  ProgramOptions options;
  bool stop = false;  // --help or --print-config.
};

Plan MakePlan(int argc, const char* const* argv, int rank) {
  Plan plan;
  OptionSet set;
  plan.options.BindTo(&set);
  const RankCommandLine line = ParseRankCommandLine(argc, argv, set, kAliases);
  plan.stop = line.help || line.print_config;
  if (line.help) {
    if (rank == 0) std::cout << RankCommandLineHelp(kUsage, set, kAliases);
    return plan;
  }
  ResolveOptions(line.config_path, line.assignments, &set);
  SetLogLevel(LogLevelOf(plan.options.label.run.log_level));
  if (line.print_config) {
    if (rank == 0) std::cout << set.Dump();
    return plan;
  }
  const TrainOptions& train = plan.options.train;
  if (train.labels.empty() || train.output.empty()) {
    throw Error(ErrorKind::kUsage,
                std::string("--") + (train.labels.empty() ? "labels" : "output") +
                    " is missing (or [train] in the config file)\n" + kUsage);
  }
  if (train.device == "cpu" && train.precision != "fp32") {
    throw Error(ErrorKind::kUsage, "train.precision = " + train.precision + " needs train.device = cuda");
  }
  return plan;
}

Josh3rConfig NetworkNamed(const std::string& name) {
  if (name == "full") return {};
  if (name == "tiny") return Josh3rConfig::Tiny();
  return Josh3rConfigFromJson(ReadFile(name), name);
}

// The device of this rank, and how its gradients reach the others'.
struct Wiring {
  at::Device device = at::kCPU;
  std::unique_ptr<Communicator> sums, messages;
};

// Ranks that MPI connects, or on GPUs a file.
Wiring Connect(const TrainOptions& options, const World& world) {
  Wiring wiring;
  const double timeout_s = options.collective_timeout_s;
  if (options.device == "cpu") {
    wiring.sums = MakeHostCommunicator(world, timeout_s);
    wiring.messages = MakeHostCommunicator(world, timeout_s);
    return wiring;
  }
  DeviceNamed("cuda");  // Says what is missing.
  wiring.device = at::Device(at::kCUDA, static_cast<at::DeviceIndex>(SelectDevice(world.local_rank())));
  GpuRendezvous rendezvous;
  rendezvous.rank = world.rank();
  rendezvous.size = world.size();
  void* const default_stream = nullptr;  // LibTorch's.
  if (world.can_talk() && options.rendezvous.empty()) {
    wiring.messages = MakeHostCommunicator(world, timeout_s);
    if (world.size() == 1 && !HasGpuCommunicator()) {
      wiring.sums = MakeSoloCommunicator();
      return wiring;
    }
    rendezvous.host = wiring.messages.get();
  } else if (options.rendezvous.empty()) {
    throw Error(ErrorKind::kUsage, "without an MPI launcher ranks on GPUs need train.rendezvous, a new file on a shared disk");
  } else {
    rendezvous.file = options.rendezvous + ".messages";
    wiring.messages = MakeGpuCommunicator(rendezvous, default_stream, timeout_s);
    rendezvous.host = wiring.messages.get();
  }
  wiring.sums = MakeGpuCommunicator(rendezvous, default_stream, timeout_s);
  return wiring;
}

// True: the run is complete.
bool Train(const TrainOptions& options, const TrainingData& data, const World& world) {
  PartsOfRank(options, world.size());  // Before anything is read.
  at::set_num_threads(options.threads);
  Wiring wiring = Connect(options, world);
  const BodyModel body =
      labels::ReadBodyModel(options.body.empty() ? labels::DefaultBodyModelPath() : options.body);
  const std::unique_ptr<BatchSource> training = data.open(options, options.labels, world.rank(), world.size());
  std::unique_ptr<BatchSource> held_out;
  if (!options.held_out.empty()) held_out = data.open(options, options.held_out, world.rank(), world.size());
  TrainerInputs inputs;
  inputs.options = options;
  inputs.network = NetworkNamed(options.network);
  inputs.body = &body;
  inputs.device = wiring.device;
  inputs.sums = wiring.sums.get();
  inputs.messages = wiring.messages.get();
  inputs.training = training.get();
  inputs.held_out = held_out.get();
  bool complete = false;
  TranslateTorchErrors("training", [&] {
    Trainer trainer(inputs);
    complete = trainer.Run(&DrainRequested);
    if (world.rank() == 0) {
      std::printf("train_student: %s at step %lld of %d on %d ranks\n",
                  complete ? "complete" : "drained",
                  static_cast<long long>(trainer.step()),
                  options.steps,
                  world.size());
      std::fflush(stdout);
    }
  });
  return complete;
}

ExitCode Logged(const std::exception& failure) {
  if (const auto* error = dynamic_cast<const Error*>(&failure)) {
    LogError(error->what());
    return error->exit_code();
  }
  LogError(std::string("unexpected failure: ") + failure.what());
  return ExitCode::kFailure;
}

}  // namespace

TrainingData StandardTrainingData() {
  return {[](const TrainOptions& options, const std::string& labels, int rank, int size)
              -> std::unique_ptr<BatchSource> {
    if (labels != "synthetic") {
      throw Error(ErrorKind::kBadInput, labels + ": only synthetic pairs can be read yet");
    }
    SyntheticPairs pairs;
    pairs.seed = static_cast<uint64_t>(options.seed);
    return std::make_unique<SyntheticSource>(pairs, options.global_batch, rank, size);
  }};
}

ExitCode RunTrainStudent(int argc, const char* const* argv, const TrainingData& data) {
  std::optional<World> world;
  Plan plan;
  try {
    world.emplace();
    if (world->size() > 1) ErrorContext::SetRank(world->rank());
    InstallDrainHandler();
    plan = MakePlan(argc, argv, world->rank());
    if (plan.stop) return ExitCode::kOk;
  } catch (const std::exception& failure) {
    return Logged(failure);  // Of the command line: every rank's is the same.
  }
  try {
    return Train(plan.options.train, data, *world) ? ExitCode::kOk : ExitCode::kInterrupted;
  } catch (const std::exception& failure) {
    const ExitCode code = Logged(failure);
    // Others may wait for this rank, or this one for MPI: nobody tidies up.
    if (world->size() > 1 || code == ExitCode::kNetwork) world->Abort(static_cast<int>(code));
    return code;
  }
}

}  // namespace foothold
