// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "foothold/networks/tensor.h"
#include "foothold/train/step_guard.h"

namespace foothold {

// All of a run's state that is not a tensor. Random numbers need none: they are made from seeds, sample and
// step.
struct CheckpointHeader {
  int64_t step = 0;         // Steps done.
  int64_t num_updates = 0;  // Of them not skipped.
  std::string position;     // Where the samples go on (BatchSource).
  std::string identity;     // TrainingIdentity and the samples.
  std::string network;      // ToJson(Josh3rConfig).
  std::string torch_version;
  StepGuard::State guard;
  int64_t best_step = -1;  // -1: never validated.
  double best_loss = 0;
};

// A checkpoint on disk, verified: "step-N.safetensors" and "step-N.json". The JSON file is written last,
// carries the checksum of the other and its own, and so stands for both.
struct StoredCheckpoint {
  CheckpointHeader header;
  std::string tensors_path;
};

std::string FormatHeader(const CheckpointHeader& header, const std::string& tensors_checksum);
// Throws Error(kBadInput) naming `origin`.
CheckpointHeader ParseHeader(const std::string& text,
                             const std::string& origin,
                             std::string* tensors_checksum);
std::string TorchVersion();

// The checkpoints of one run. Writing happens on a thread of its own, one at a time.
class CheckpointFolder {
 public:
  CheckpointFolder(std::string folder, int keep);
  ~CheckpointFolder();  // Waits for the thread; what failed is only logged.
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;

  // Steps with a checkpoint, ascending.
  std::vector<int64_t> Steps() const;
  // Reads the header and checks every byte. Throws Error(kBadInput), naming file and remedy.
  StoredCheckpoint Open(int64_t step) const;

  // Returns when the checkpoint before this one is written; throws what that failed with. `tensors` belong
  // to the checkpoint alone. Then removes old ones: all but the last `keep` and the best.
  void Start(CheckpointHeader header, std::map<std::string, at::Tensor> tensors);
  void Wait();

 private:
  std::string PathOf(int64_t step, const char* extension) const;
  void Write(const CheckpointHeader& header, const std::map<std::string, at::Tensor>& tensors) const;
  void RemoveOld(int64_t best_step) const;

  std::string folder_;
  int keep_;
  std::thread writer_;
  std::exception_ptr failure_;
};

// Throws Error(kUsage) when a run with these values cannot continue from `stored`, saying what differs.
void RequireSameRun(const CheckpointHeader& stored, const CheckpointHeader& now, const std::string& origin);

}  // namespace foothold
