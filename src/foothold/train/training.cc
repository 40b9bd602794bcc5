// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/training.h"

#include <ATen/Parallel.h>

#include <cstdio>
#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/comm/gpu_communicator.h"
#include "foothold/device/device.h"
#include "foothold/train/label_source.h"
#include "foothold/train/synthetic_source.h"
#include "foothold/train/trainer.h"

namespace foothold {
namespace {

Josh3rConfig NetworkNamed(const std::string& name) {
  if (name == "full") return {};
  if (name == "tiny") return Josh3rConfig::Tiny();
  return Josh3rConfigFromJson(ReadFile(name), name);
}

// The device of this rank, and how its gradients and messages reach the others.
struct Wiring {
  at::Device device = at::kCPU;
  std::unique_ptr<Communicator> messages, sums;
};

// GPUs, connected by MPI or, where no launcher brings it, by a file.
Wiring ConnectGpus(const TrainOptions& options, const World& world) {
  DeviceNamed("cuda");  // Says what is missing.
  Wiring wiring;
  wiring.device = at::Device(at::kCUDA, static_cast<at::DeviceIndex>(SelectDevice(world.local_rank())));
  void* const default_stream = nullptr;  // LibTorch's.
  GpuRendezvous rendezvous;
  if (options.rendezvous.empty()) {
    wiring.messages = MakeHostCommunicator(world, options.collective_timeout_s);
    if (world.size() == 1 && !HasGpuCommunicator()) {
      wiring.sums = MakeSoloCommunicator();
      return wiring;
    }
  } else {
    rendezvous.file = options.rendezvous;
    rendezvous.rank = world.rank();
    rendezvous.size = world.size();
    wiring.messages = MakeGpuCommunicator(rendezvous, default_stream, options.collective_timeout_s);
  }
  rendezvous.host = wiring.messages.get();
  wiring.sums = MakeGpuCommunicator(rendezvous, default_stream, options.collective_timeout_s);
  return wiring;
}

Wiring Connect(const TrainOptions& options, const World& world) {
  if (options.device != "cpu") return ConnectGpus(options, world);
  Wiring wiring;
  wiring.messages = MakeHostCommunicator(world, options.collective_timeout_s);
  wiring.sums = MakeHostCommunicator(world, options.collective_timeout_s);
  return wiring;
}

void CheckOptions(const TrainOptions& options, int ranks) {
  PartsOfRank(options, ranks);
  if (options.device == "cpu" && options.precision != "fp32") {
    throw Error(ErrorKind::kUsage, "train.precision = " + options.precision + " needs train.device = cuda");
  }
}

}  // namespace

OpenSamples LabelSamples(const LoaderOptions& options, const BodyModel& body) {
  return [options, body](
             const TrainOptions& train, bool held_out, int rank, int size) -> std::unique_ptr<BatchSource> {
    const std::string& labels = held_out ? train.held_out : train.labels;
    if (labels == "synthetic") {
      SyntheticPairs pairs;
      pairs.seed = static_cast<uint64_t>(train.seed) + (held_out ? 1 : 0);
      return std::make_unique<SyntheticSource>(pairs, train.global_batch, rank, size);
    }
    LoaderOptions own = options;
    own.labels = labels;
    own.batch_size = train.global_batch;
    own.seed = train.seed;
    if (held_out && train.held_out_kind != "same") own.kind = train.held_out_kind;
    if (own.kind == "truth") own.min_match_inlier_share = own.max_contact_spread = 0;  // It has no quality.
    std::error_code different;
    if (std::filesystem::equivalent(train.labels, train.held_out, different))
      own.subset = held_out ? "held_out" : "train";
    return std::make_unique<LabelSource>(own, body, rank, size);
  };
}

bool RunTraining(const TrainOptions& options,
                 const OpenSamples& open,
                 const BodyModel& body,
                 const World& world,
                 const std::function<bool()>& drain) {
  CheckOptions(options, world.size());  // Before anything is read.
  at::set_num_threads(options.threads);
  const Wiring wiring = Connect(options, world);
  const std::unique_ptr<BatchSource> training = open(options, false, world.rank(), world.size());
  std::unique_ptr<BatchSource> held_out;
  if (!options.held_out.empty()) held_out = open(options, true, world.rank(), world.size());
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
    complete = trainer.Run(drain);
    if (world.rank() != 0) return;
    std::printf("train_student: %s at step %lld of %d on %d ranks\n",
                complete ? "complete" : "drained",
                static_cast<long long>(trainer.step()),
                options.steps,
                world.size());
    std::fflush(stdout);
  });
  return complete;
}

}  // namespace foothold
