// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "foothold/comm/communicator.h"
#include "foothold/networks/shared_batch_norm.h"

namespace foothold {

// The parts of a batch that this process runs, each on its own thread, and those of other ranks behind
// `messages`. The last part of the process to arrive speaks with the ranks.
class PartExchange {
 public:
  PartExchange(int num_parts, Communicator* messages);
  ~PartExchange();
  PartExchange(const PartExchange&) = delete;
  PartExchange& operator=(const PartExchange&) = delete;

  int num_parts() const { return num_parts_; }
  BatchExchange* part(int index) { return parts_[static_cast<size_t>(index)].get(); }

  // Runs `work(part)` for every part at once, the first one on this thread. When one fails the others stop
  // where they next wait, and its exception is thrown.
  void Run(const std::function<void(int part)>& work);

 private:
  class Part;
  at::Tensor Gather(int part, const at::Tensor& values);
  void Break();

  int num_parts_;
  Communicator* messages_;
  std::vector<std::unique_ptr<BatchExchange>> parts_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<at::Tensor> questions_;
  int num_arrived_ = 0;
  long round_ = 0;
  bool broken_ = false;
  at::Tensor answer_;
};

}  // namespace foothold
