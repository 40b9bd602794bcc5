// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "foothold/josh/batch/layout.h"

namespace foothold::batch {

// Runs batches on one device.
class Executor {
 public:
  virtual ~Executor() = default;

  // Memory for a batch of this bucket. The view's input is to be written before Run and its output read
  // after it, both by the host; both are valid until the next Reserve.
  virtual View Reserve(const Size& bucket) = 0;
  // The matches and core depths of a chunk are in the view: a device may fetch them while other chunks are
  // still being written. To be called once for each chunk, from any thread.
  virtual void Send(const Size& before, const Size& chunk) = 0;
  // Both stages with so many attempts each, on what is in the view of the last Reserve.
  virtual void Run(const int attempts[kNumStages]) = 0;
  // Milliseconds of one pass of SumTiles with derivatives over the last batch that ran.
  virtual double TimeSums_ms(ReleasedStage stage, int passes) = 0;
};

std::unique_ptr<Executor> MakeHostExecutor(int threads);
// Throws Error(kDevice) without a GPU. Keeps memory of several buckets up to `budget_bytes`.
std::unique_ptr<Executor> MakeCudaExecutor(size_t budget_bytes);

}  // namespace foothold::batch
