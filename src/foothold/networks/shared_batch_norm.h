// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/networks/tensor.h"

namespace foothold {

// A batch may be spread over parts, each run by its own thread or process. Through this, a part hears of the
// others. All parts ask the same questions in the same order.
class BatchExchange {
 public:
  virtual ~BatchExchange() = default;
  // [n] float64 on the CPU -> [parts, n], in the order of the parts. Waits for all of them.
  virtual at::Tensor Gather(const at::Tensor& values) = 0;
  // One part of each process moves what all its parts share: running means.
  virtual bool KeepsRunningStatistics() const = 0;
};

// Batch norm in training over all parts of a batch: mean and variance are of the whole batch, added up in
// float64 in the order of the parts, and so are the sums that the gradient needs. x: [B, C] or [B, C, H, W]
// in the type of the statistics.
struct RunningStatistics {
  at::Tensor mean, variance;
};
at::Tensor SharedBatchNorm(const at::Tensor& x,
                           const at::Tensor& weight,
                           const at::Tensor& bias,
                           const RunningStatistics& running,
                           double momentum,
                           double epsilon,
                           BatchExchange* exchange);

}  // namespace foothold
