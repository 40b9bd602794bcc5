// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "foothold/comm/communicator.h"
#include "foothold/train/flat_parameters.h"

namespace foothold {

// AdamW with a running mean of the weights. With shard_optimizer each rank holds this state for its stretch
// of blocks alone, updates that stretch and hands it to the others; results are the same bits.
class Optimizer {
 public:
  // `weights`: all trained weights, of Optimizer::PaddedSize numbers. `sums` moves weights, `messages`
  // numbers.
  Optimizer(const TrainOptions& options,
            const ParameterLayout* layout,
            at::Tensor weights,
            Communicator* sums,
            Communicator* messages);

  // Blocks that every rank can have an equal share of, in numbers.
  static int64_t PaddedSize(const ParameterLayout& layout, int ranks);

  // Of the gradients of the whole batch; the same on every rank.
  double GradientNorm(const at::Tensor& gradients) const;
  // `gradient_scale` turns `gradients` into those of the loss, clipped. Collective.
  void Step(const at::Tensor& gradients, double gradient_scale, double rate);

  int64_t num_updates() const { return num_updates_; }
  bool has_average() const { return options_.ema_decay > 0; }

  // The whole state on the CPU, "adam_mean/NAME", "adam_square/NAME" and "average/NAME". Collective; empty
  // except on rank 0.
  std::map<std::string, at::Tensor> State() const;
  // Takes such a state. Throws Error(kBadInput) for a missing tensor or another shape; then nothing changed.
  void Load(const SafetensorsFile& file, int64_t num_updates);
  // All averaged weights, on their device, or the weights where there is no average. Collective.
  at::Tensor AveragedWeights() const;

 private:
  struct NamedState {
    const char* name;
    const at::Tensor* values;
  };
  std::vector<NamedState> States() const;
  at::Tensor Whole(const at::Tensor& own) const;  // From every rank's stretch. Collective.
  at::Tensor Own(const at::Tensor& whole) const;

  TrainOptions options_;
  const ParameterLayout* layout_;
  at::Tensor weights_;
  Communicator* sums_;
  Communicator* messages_;
  int64_t begin_, count_;  // The stretch whose state is here.
  at::Tensor mean_, square_, average_;
  int64_t num_updates_ = 0;
};

}  // namespace foothold
