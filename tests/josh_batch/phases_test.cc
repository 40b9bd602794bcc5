// SPDX-License-Identifier: Apache-2.0
// Kernel bodies are correct on a GPU only if the tasks of a phase do not depend on each other, the blocks
// of a kernel neither, and all threads of a block take the same way. Here they run in the wrong order, and
// on real threads that meet where CUDA's do (race-free under the preset tsan), in scratch memory of exactly
// the promised size that starts as garbage, and must not change a bit.
#include <gtest/gtest.h>

#include <barrier>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>

#include "batch_cases.h"
#include "foothold/josh/batch/host_block.h"
#include "foothold/josh/batch/host_tile_sums.h"
#include "foothold/josh/batch/prepare.h"
#include "foothold/josh/batch/program.h"

namespace foothold::batch {
namespace {

constexpr int kAttempts = 6;  // Per stage.

class ReversedBlock : public HostBlock {
 public:
  using HostBlock::HostBlock;
  template <class Body>
  void For(int count, const Body& body) const {
    for (int i = count - 1; i >= 0; --i) body(i);
  }
  template <class Body>
  void ForLanes(int count, const Body& body) const {
    For(count, body);
  }
};

// Scratch memory of a kernel, aligned like a GPU's, filled with what would show.
class Scratch {
 public:
  explicit Scratch(size_t size_bytes)
      : memory_(static_cast<unsigned char*>(std::aligned_alloc(32, (size_bytes + 31) / 32 * 32 + 32)),
                &std::free) {
    std::memset(memory_.get(), 0xff, size_bytes);  // NaN in every type.
  }
  void* data() { return memory_.get(); }

 private:
  std::unique_ptr<unsigned char, void (*)(void*)> memory_;
};

template <class Block, bool kBackwards>
struct TestLaunch {
  BatchCounts most;

  template <class Kernel>
  void operator()(const Kernel& kernel) const {
    ASSERT_LE(kernel.SharedBytes(), kMaxSharedBytes);
    const int count = kernel.NumBlocks(most);
    for (int i = 0; i < count; ++i) {
      Scratch scratch(kernel.SharedBytes());
      Block block(scratch.data());
      kernel(block, kBackwards ? count - 1 - i : i);
    }
  }
};

// A thread of a block of kThreads, as on a GPU.
class ThreadedBlock : public HostBlock {
 public:
  static constexpr int kThreads = 3;
  ThreadedBlock(void* shared, int thread, std::barrier<>* barrier)
      : HostBlock(shared), thread_(thread), barrier_(barrier) {}
  template <class Body>
  void For(int count, const Body& body) const {
    for (int i = thread_; i < count; i += kThreads) body(i);
    Sync();
  }
  template <class Body>
  void ForLanes(int count, const Body& body) const {
    For(count, body);
  }
  template <class Body>
  void Once(const Body& body) const {
    if (thread_ == 0) body();
    Sync();
  }
  void Sync() const { barrier_->arrive_and_wait(); }

 private:
  int thread_;
  std::barrier<>* barrier_;
};

struct ThreadedLaunch {
  BatchCounts most;

  template <class Kernel>
  void operator()(const Kernel& kernel) const {
    std::barrier<> barrier(ThreadedBlock::kThreads);
    Scratch scratch(kernel.SharedBytes());
    std::vector<std::thread> threads;
    for (int t = 0; t < ThreadedBlock::kThreads; ++t) {
      threads.emplace_back([&, t] {
        ThreadedBlock block(scratch.data(), t, &barrier);
        for (int i = 0; i < kernel.NumBlocks(most); ++i) {
          kernel(block, i);
          block.Sync();  // Blocks share the scratch memory here.
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

// A batch of problems in memory of its own.
class Batch {
 public:
  explicit Batch(const std::vector<JointProblem>& problems) : problems_(problems) {
    std::vector<Size> before;
    for (const JointProblem& problem : problems) {
      before.push_back(total_);
      prepared_.push_back(PrepareChunk(problem, Stick(), {}));
      total_ = total_ + prepared_.back().size;
    }
    // A bucket larger than the batch, as on the GPU: surplus blocks must do nothing.
    bucket_ = Bucket(total_ + prepared_.back().size);
    const Layout layout = LayoutOf(bucket_);
    input_.resize(layout.input_bytes);
    work_.resize(layout.work_bytes, 0xff);
    output_.resize(layout.output_bytes, 0xff);
    view_ = MakeView(bucket_, input_.data(), work_.data(), output_.data());
    *view_.counts = CountsOf(total_);
    for (size_t c = 0; c < problems.size(); ++c) WriteChunk(problems[c], prepared_[c], before[c], view_);
  }

  template <class Launch>
  void Run(const Launch& launch) {
    LaunchProgram(view_, launch, [&]<ReleasedStage kStage>() {
      for (int a = 0; a < kAttempts; ++a) {
        LaunchAttempt<kStage>(view_, static_cast<int>(bucket_.max_unknowns), launch);
      }
    });
  }
  // All cameras after both stages.
  std::vector<double> Result() const {
    std::vector<double> out;
    for (const Camera* cameras : view_.results_cameras) {
      for (int64_t k = 0; k < total_.cameras; ++k) {
        out.insert(out.end(), cameras[k].rotation, cameras[k].rotation + 4);
        out.insert(out.end(), cameras[k].center_m, cameras[k].center_m + 3);
        out.push_back(cameras[k].log_size);
      }
    }
    for (int64_t c = 0; c < kNumStages * total_.chunks; ++c) {
      out.push_back(view_.results[c].log_focal);
      out.insert(out.end(), view_.results[c].final_term, view_.results[c].final_term + kNumTerms);
    }
    return out;
  }
  const View& view() const { return view_; }
  const Size& bucket() const { return bucket_; }

 private:
  const std::vector<JointProblem>& problems_;
  std::vector<PreparedChunk> prepared_;
  Size total_, bucket_;
  std::vector<unsigned char> input_, work_, output_;
  View view_;
};

TEST(BatchPhases, OrderDoesNotMatter) {
  const std::vector<JointProblem> problems = NiceProblems();
  Batch forwards(problems), backwards(problems);
  forwards.Run(TestLaunch<HostBlock, false>{CountsOf(forwards.bucket())});
  backwards.Run(TestLaunch<ReversedBlock, true>{CountsOf(backwards.bucket())});
  const std::vector<double> expected = forwards.Result();
  for (const double x : expected) ASSERT_TRUE(std::isfinite(x));
  EXPECT_EQ(expected, backwards.Result());
}

TEST(BatchPhases, ThreadsOfABlockMeet) {
  std::vector<JointProblem> problems = NiceProblems();
  problems.resize(1);
  Batch alone(problems), threaded(problems);
  alone.Run(TestLaunch<HostBlock, false>{CountsOf(alone.bucket())});
  threaded.Run(ThreadedLaunch{CountsOf(threaded.bucket())});
  EXPECT_EQ(alone.Result(), threaded.Result());
}

// Of the largest sum. Host lanes fuse multiplies and adds and single floats here do not; a match that
// passes close to its target camera may carry most of a sum, with the rounding of its depth squared.
constexpr double kLaneTolerance = 1e-4;

// The float body, as a CUDA thread runs it, against the one with eight lanes.
template <ReleasedStage kStage>
void CompareSums(const Batch& batch) {
  const View& view = batch.view();
  const SumTiles<kStage, true> kernel{view, Sweep::kReport};
  const PreparePairs<kStage> prepare{view, Sweep::kReport};
  const BatchCounts most = CountsOf(batch.bucket());
  TestLaunch<HostBlock, false>{most}(prepare);
  const int used = SumTiles<kStage, true>::kSums * (kStage == ReleasedStage::kReproject ? 2 : 1);
  for (int t = 0; t < view.counts->tiles; ++t) {
    Scratch scratch(kernel.SharedBytes());
    HostBlock block(scratch.data());
    kernel(block, t);
    const double* sums = view.tile_sums + static_cast<int64_t>(t) * kMaxTileSums;
    const std::vector<double> one_by_one(sums, sums + used);
    const double cost = view.tile_cost[t];
    RunOnHost(kernel, t, scratch.data());
    EXPECT_NEAR(view.tile_cost[t], cost, kLaneTolerance * cost);
    double largest = 0;
    for (const double s : one_by_one) largest = std::max(largest, std::abs(s));
    for (int k = 0; k < used; ++k)
      EXPECT_NEAR(sums[k], one_by_one[k], kLaneTolerance * largest) << "tile " << t << " sum " << k;
  }
}

TEST(BatchPhases, LanesAgreeWithSingleNumbers) {
  const std::vector<JointProblem> problems = NiceProblems();
  Batch batch(problems);
  batch.Run(TestLaunch<HostBlock, false>{CountsOf(batch.bucket())});
  CompareSums<ReleasedStage::kAlign>(batch);
  CompareSums<ReleasedStage::kReproject>(batch);
}

}  // namespace
}  // namespace foothold::batch
