// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/step_guard.h"

#include <cmath>
#include <cstdio>

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr size_t kWindow = 128, kEnough = 32;  // Recent losses to keep, and to judge by.
constexpr double kFirstScale = 65536, kLargestScale = 16777216, kSmallestScale = 1;
constexpr int kStepsBetweenGrowth = 1000;

std::string Format(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

}  // namespace

StepGuard::StepGuard(const TrainOptions& options) : options_(options) {
  if (options.precision == "fp16") state_.loss_scale = kFirstScale;
}

bool StepGuard::IsSpike(double loss) const {
  if (options_.spike_sigma <= 0 || state_.recent_losses.size() < kEnough) return false;
  double sum = 0, squares = 0;
  for (const double recent : state_.recent_losses) sum += recent;
  const auto count = static_cast<double>(state_.recent_losses.size());
  const double mean = sum / count;
  for (const double recent : state_.recent_losses) squares += (recent - mean) * (recent - mean);
  return loss > mean + options_.spike_sigma * std::sqrt(squares / count) + 1e-12;
}

std::string StepGuard::Judge(double loss, double scaled_norm) {
  std::string reason;
  if (!std::isfinite(loss)) {
    reason = "the loss is not finite";
  } else if (!std::isfinite(scaled_norm)) {
    reason = "the gradient is not finite";
    if (options_.precision == "fp16") {
      reason += " at loss scale " + Format(state_.loss_scale);
      state_.loss_scale = std::max(kSmallestScale, state_.loss_scale / 2);
      state_.good_steps = 0;
    }
  } else if (IsSpike(loss)) {
    reason = "the loss " + Format(loss) + " is a spike";
  }
  if (reason.empty()) {
    state_.skipped_in_row = 0;
    state_.recent_losses.push_back(loss);
    if (state_.recent_losses.size() > kWindow) state_.recent_losses.pop_front();
    if (options_.precision == "fp16" && ++state_.good_steps >= kStepsBetweenGrowth) {
      state_.loss_scale = std::min(kLargestScale, state_.loss_scale * 2);
      state_.good_steps = 0;
    }
    return reason;
  }
  if (++state_.skipped_in_row >= options_.max_skipped_steps) {
    throw Error(
        ErrorKind::kBadInput,
        std::to_string(state_.skipped_in_row) + " steps in a row were skipped, the last because " + reason +
            "; go back to an earlier checkpoint with a lower train.learning_rate, or repair the labels")
        .WithReason("diverged");
  }
  return reason;
}

}  // namespace foothold
