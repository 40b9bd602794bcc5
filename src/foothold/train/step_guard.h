// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>

#include "foothold/corpus/train_options.h"

namespace foothold {

// Says which steps to leave out, and how much to scale the loss of float16 training so that its gradients
// neither vanish nor overflow. Decides from numbers that all ranks have alike.
class StepGuard {
 public:
  explicit StepGuard(const TrainOptions& options);

  double loss_scale() const { return state_.loss_scale; }
  // Empty: take the step. Else why not. `norm` is that of the scaled gradients.
  std::string Judge(double loss, double scaled_norm);

  // Of a checkpoint.
  struct State {
    double loss_scale = 1;
    int good_steps = 0;  // Since the scale changed.
    int skipped_in_row = 0;
    std::deque<double> recent_losses;
  };
  const State& state() const { return state_; }
  void Restore(State state) { state_ = std::move(state); }

 private:
  bool IsSpike(double loss) const;

  TrainOptions options_;
  State state_;
};

}  // namespace foothold
