// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "foothold/base/timer.h"
#include "foothold/train/checkpoint.h"
#include "foothold/train/gradient_pass.h"
#include "foothold/train/optimizer.h"
#include "foothold/train/training_log.h"

namespace foothold {

// What a trainer works with; all of it outlives the trainer.
struct TrainerInputs {
  TrainOptions options;
  Josh3rConfig network;
  const BodyModel* body = nullptr;
  at::Device device = at::kCPU;
  Communicator* sums = nullptr;      // Of gradients and weights, which are on `device`.
  Communicator* messages = nullptr;  // Of everything else. Not the same object as `sums`.
  BatchSource* training = nullptr;
  BatchSource* held_out = nullptr;  // May be null.
};

// Trains the student, from scratch or from the latest checkpoint of train.output. All ranks make one and call
// the same. What it writes, in train.output: checkpoints/, log.jsonl, events/, at the end model.safetensors.
class Trainer {
 public:
  // Initial weights: random, or train.initial; or those of the latest checkpoint, with all other state.
  explicit Trainer(const TrainerInputs& inputs);

  int64_t step() const { return header_.step; }
  // Steps until the end or until `drain` says true on some rank; then a checkpoint is written. True: the run
  // is complete.
  bool Run(const std::function<bool()>& drain);

 private:
  struct StepOutcome {
    BatchLosses losses;
    double norm = 0, rate = 0;
    std::string skipped;  // Why; empty: it was not.
    double data_s = 0, pass_s = 0, update_s = 0;
  };
  void LoadInitial();
  void Resume();
  StepOutcome Step(const std::function<bool()>& drain);
  std::string WhatIsNotFinite(const TrainingBatch& batch) const;
  void Log(const StepOutcome& outcome);
  void Validate();
  void SaveCheckpoint();
  void SaveModel();
  void CheckRanksAgree(const std::string& what, const std::string& text) const;
  // Runs `use` while the network has its averaged weights.
  void WithAveragedWeights(const std::function<void()>& use);
  bool is_first_rank() const { return inputs_.messages->rank() == 0; }

  TrainerInputs inputs_;
  GradientPass pass_;
  ParameterLayout layout_;
  at::Tensor weights_;
  std::optional<Optimizer> optimizer_;
  StepGuard guard_;
  CheckpointHeader header_;
  CheckpointFolder checkpoints_;
  std::unique_ptr<TrainingLog> log_;  // Of rank 0.
  std::string held_out_start_;
  MeanMotion mean_motion_;  // Where there are held-out samples.
  Timer since_start_;
  int64_t first_step_ = 0;  // Of this process.
  int64_t last_saved_step_ = -1;
};

}  // namespace foothold
