// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/josh/batch/executor.h"
#include "foothold/josh/batch/host_block.h"
#include "foothold/josh/batch/host_tile_sums.h"
#include "foothold/josh/batch/program.h"

namespace foothold::batch {
namespace {

// Runs a kernel's blocks on threads, each block by one of them.
class HostLaunch {
 public:
  HostLaunch(const BatchCounts& most, int threads) : most_(most), threads_(threads) {}
  template <class Kernel>
  void operator()(const Kernel& kernel) const {
    ParallelFor(kernel.NumBlocks(most_), threads_, [&](int i) {
      alignas(64) unsigned char shared[kMaxSharedBytes];
      FOOTHOLD_CHECK(kernel.SharedBytes() <= sizeof(shared), "a kernel wants too much shared memory");
      RunBlock(kernel, i, shared);
    });
  }

 private:
  template <class Kernel>
  static void RunBlock(const Kernel& kernel, int index, void* shared) {
    HostBlock block(shared);
    kernel(block, index);
  }
  template <ReleasedStage kStage, bool kDerivatives>
  static void RunBlock(const SumTiles<kStage, kDerivatives>& kernel, int index, void* shared) {
    RunOnHost(kernel, index, shared);
  }

  BatchCounts most_;
  int threads_;
};

// Memory aligned as MakeView wants it.
class AlignedMemory {
 public:
  void Reserve(size_t size_bytes) {
    if (size_bytes <= memory_.size() * sizeof(Line)) return;
    memory_.clear();
    memory_.resize((size_bytes + sizeof(Line) - 1) / sizeof(Line));
  }
  void* data() { return memory_.data(); }

 private:
  struct alignas(256) Line {
    unsigned char bytes[256];
  };
  std::vector<Line> memory_;
};

class HostExecutor : public Executor {
 public:
  explicit HostExecutor(int threads) : threads_(threads) {}

  View Reserve(const Size& bucket) override {
    const Layout layout = LayoutOf(bucket);
    input_.Reserve(layout.input_bytes);
    work_.Reserve(layout.work_bytes);
    output_.Reserve(layout.output_bytes);
    max_unknowns_ = static_cast<int>(bucket.max_unknowns);
    view_ = MakeView(bucket, input_.data(), work_.data(), output_.data());
    return view_;
  }

  void Send(const Size&, const Size&) override {}
  void Run(const int attempts[kNumStages]) override {
    const HostLaunch launch(*view_.counts, threads_);
    LaunchProgram(view_, launch, [&]<ReleasedStage kStage>() {
      // When all are done further attempts would pass without effect.
      for (int a = 0; a < attempts[StageIndex<kStage>()] && !AllDone(); ++a) {
        LaunchAttempt<kStage>(view_, max_unknowns_, launch);
      }
    });
  }

  double TimeSums_ms(ReleasedStage stage, int passes) override {
    return stage == ReleasedStage::kAlign ? Time<ReleasedStage::kAlign>(passes)
                                          : Time<ReleasedStage::kReproject>(passes);
  }

 private:
  bool AllDone() const {
    for (int c = 0; c < view_.counts->chunks; ++c) {
      if (view_.states[c].phase != kDone) return false;
    }
    return true;
  }
  template <ReleasedStage kStage>
  double Time(int passes) {
    const HostLaunch launch(*view_.counts, threads_);
    launch(PreparePairs<kStage>{view_, Sweep::kReport});
    const auto start = std::chrono::steady_clock::now();
    for (int p = 0; p < passes; ++p) launch(SumTiles<kStage, true>{view_, Sweep::kReport});
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    return elapsed.count() / passes;
  }

  int threads_;
  int max_unknowns_ = 0;
  AlignedMemory input_, work_, output_;
  View view_{};
};

}  // namespace

std::unique_ptr<Executor> MakeHostExecutor(int threads) { return std::make_unique<HostExecutor>(threads); }

}  // namespace foothold::batch
