// SPDX-License-Identifier: Apache-2.0
// How much of the communication of gradients the backward pass hides: a link is throttled so that all buckets
// together take half of the backward pass, and what a rank still waits for at the end is counted.
//
//   mpirun -n 2 --bind-to core build/bin/overlap_bench [PASSES]
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "foothold/comm/communicator.h"
#include "foothold/train/gradient_pass.h"
#include "foothold/train/optimizer.h"
#include "foothold/train/synthetic_source.h"
#include "student/random_inputs.h"

namespace {

using namespace foothold;
using Clock = std::chrono::steady_clock;

// Sums that take as long as on a link of so many bytes per second, one after the other.
class ThrottledCommunicator : public Communicator {
 public:
  explicit ThrottledCommunicator(Communicator* real)
      : Communicator(real->rank(), real->size()), real_(real) {}

  double bytes_per_s = 0;  // 0: as fast as it is.
  double link_s = 0;       // Busy so far.
  size_t num_sums = 0;

  std::unique_ptr<PendingCollective> StartSum(float* values, size_t count) override {
    const double seconds = bytes_per_s > 0 ? static_cast<double>(count * sizeof(float)) / bytes_per_s : 0;
    link_s += seconds;
    ++num_sums;
    free_at_ = std::max(free_at_, Clock::now()) +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    return std::make_unique<Pending>(real_->StartSum(values, count), free_at_);
  }
  void Gather(const float* mine, size_t count, float* all) override { real_->Gather(mine, count, all); }
  void GatherBytes(const void* mine, size_t bytes, void* all) override {
    real_->GatherBytes(mine, bytes, all);
  }
  void Broadcast(void* bytes, size_t size_bytes, int root) override {
    real_->Broadcast(bytes, size_bytes, root);
  }
  void Barrier() override { real_->Barrier(); }

 private:
  class Pending : public PendingCollective {
   public:
    Pending(std::unique_ptr<PendingCollective> real, Clock::time_point done_at)
        : real_(std::move(real)), done_at_(done_at) {}
    bool Progress() override { return real_->Progress() && Clock::now() >= done_at_; }
    void Wait() override {
      real_->Wait();
      std::this_thread::sleep_until(done_at_);
    }

   private:
    std::unique_ptr<PendingCollective> real_;
    Clock::time_point done_at_;
  };

  Communicator* real_;
  Clock::time_point free_at_;
};

struct Times {
  double backward_s = 0, exposed_s = 0;
};

// Means over passes; of the ranks, the slowest.
Times Measure(GradientPass* pass, BatchSource* source, Communicator* messages, int passes) {
  double sums[2] = {0, 0};
  for (int i = 0; i < passes; ++i) {
    const TrainingBatch batch = source->Next();
    messages->Barrier();
    const BatchLosses losses = pass->Run(batch, 1, false);
    sums[0] += losses.backward_s / passes;
    sums[1] += losses.exposed_s / passes;
  }
  std::vector<double> all(2 * static_cast<size_t>(messages->size()));
  messages->GatherBytes(sums, sizeof(sums), all.data());
  Times times;
  for (size_t i = 0; i < all.size(); i += 2) {
    times.backward_s = std::max(times.backward_s, all[i]);
    times.exposed_s = std::max(times.exposed_s, all[i + 1]);
  }
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  const int passes = argc > 1 ? std::atoi(argv[1]) : 10;
  at::set_num_threads(1);
  World world;
  const auto sums = MakeHostCommunicator(world, 60), messages = MakeHostCommunicator(world, 60);
  ThrottledCommunicator link(sums.get());

  TrainOptions options;
  options.global_batch = 4 * world.size();
  options.bucket_mb = 0.25;
  const Josh3rConfig config = Josh3rConfig::Tiny();
  GradientPass pass(options, config, RandomSkeleton(), at::kCPU, &link, messages.get());
  pass.main().parameters.Initialise(1);
  const ParameterLayout layout = MakeLayout(pass.main().parameters, options, config.backbone.encoder_depth);
  pass.Bind(layout, at::zeros({Optimizer::PaddedSize(layout, world.size())}));
  SyntheticPairs pairs;
  pairs.rows_px = 96;
  pairs.columns_px = 128;
  SyntheticSource source(pairs, options.global_batch, world.rank(), world.size());

  Measure(&pass, &source, messages.get(), 2);  // Warm.
  const Times free = Measure(&pass, &source, messages.get(), passes);
  const double bytes = static_cast<double>(layout.num_blocks * kBlockSize) * sizeof(float);
  link.bytes_per_s = bytes / (free.backward_s / 2);
  link.link_s = 0;
  link.num_sums = 0;
  const Times throttled = Measure(&pass, &source, messages.get(), passes);
  if (world.rank() == 0) {
    const double link_s = link.link_s / passes;
    std::printf("ranks %d, gradients %.2f MB in %zu buckets, means of %d passes\n",
                world.size(),
                bytes / 1e6,
                link.num_sums / static_cast<size_t>(passes),
                passes);
    std::printf(
        "unthrottled: backward %.1f ms, exposed %.2f ms\n", free.backward_s * 1e3, free.exposed_s * 1e3);
    std::printf(
        "throttled to %.1f MB/s: backward %.1f ms, communication %.1f ms, exposed %.2f ms, hidden %.1f %%\n",
        link.bytes_per_s / 1e6,
        throttled.backward_s * 1e3,
        link_s * 1e3,
        throttled.exposed_s * 1e3,
        100 * (1 - throttled.exposed_s / link_s));
  }
  return 0;
}
