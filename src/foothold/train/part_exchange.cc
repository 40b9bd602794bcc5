// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/part_exchange.h"

#include <exception>
#include <thread>

#include "foothold/base/error.h"

namespace foothold {
namespace {

// What a part ends with when another one failed.
struct OtherPartFailed : std::exception {
  const char* what() const noexcept override { return "another part of the batch failed"; }
};

}  // namespace

class PartExchange::Part : public BatchExchange {
 public:
  Part(PartExchange* exchange, int index) : exchange_(exchange), index_(index) {}
  at::Tensor Gather(const at::Tensor& values) override { return exchange_->Gather(index_, values); }
  bool KeepsRunningStatistics() const override { return index_ == 0; }

 private:
  PartExchange* exchange_;
  int index_;
};

PartExchange::PartExchange(int num_parts, Communicator* messages)
    : num_parts_(num_parts), messages_(messages), questions_(static_cast<size_t>(num_parts)) {
  for (int i = 0; i < num_parts; ++i) parts_.push_back(std::make_unique<Part>(this, i));
}

PartExchange::~PartExchange() = default;

at::Tensor PartExchange::Gather(int part, const at::Tensor& values) {
  const c10::NoGradGuard no_gradients;
  std::unique_lock lock(mutex_);
  questions_[static_cast<size_t>(part)] = values.detach().contiguous();
  if (++num_arrived_ < num_parts_) {
    const long round = round_;
    arrived_.wait(lock, [&] { return broken_ || round_ != round; });
    if (round_ == round) throw OtherPartFailed();
    return answer_;
  }
  const at::Tensor own = at::stack(questions_);
  FOOTHOLD_CHECK(own.scalar_type() == at::kDouble && own.is_cpu(), "exchanges are in float64 on the CPU");
  at::Tensor all = at::empty({num_parts_ * messages_->size(), values.numel()}, own.options());
  messages_->GatherBytes(own.const_data_ptr(), own.nbytes(), all.data_ptr());
  answer_ = all;
  num_arrived_ = 0;
  ++round_;
  arrived_.notify_all();
  return all;
}

void PartExchange::Break() {
  const std::lock_guard lock(mutex_);
  broken_ = true;
  arrived_.notify_all();
}

void PartExchange::Run(const std::function<void(int part)>& work) {
  std::vector<std::exception_ptr> failures(static_cast<size_t>(num_parts_));
  const auto run = [&](int part) {
    try {
      work(part);
    } catch (...) {
      failures[static_cast<size_t>(part)] = std::current_exception();
      Break();
    }
  };
  std::vector<std::thread> threads;
  for (int part = 1; part < num_parts_; ++part) threads.emplace_back(run, part);
  run(0);
  for (std::thread& thread : threads) thread.join();
  std::exception_ptr other_part_failed;
  for (const std::exception_ptr& failure : failures) {
    if (!failure) continue;
    try {
      std::rethrow_exception(failure);
    } catch (const OtherPartFailed&) {
      other_part_failed = failure;
    }
  }
  if (other_part_failed) std::rethrow_exception(other_part_failed);
}

}  // namespace foothold
