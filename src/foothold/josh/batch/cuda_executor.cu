// SPDX-License-Identifier: Apache-2.0
#include <list>

#include "foothold/device/device.h"
#include "foothold/josh/batch/executor.h"
#include "foothold/josh/batch/program.h"

namespace foothold::batch {
namespace {

// A block of CUDA threads (block.h). Methods exist for the host as well, where nobody calls them,
// because kernel bodies are functions of both.
class DeviceBlock {
 public:
  using Lanes = float;
  static constexpr int kReadAhead = 3;

  template <class Body>
  FOOTHOLD_HD void For(int count, const Body& body) const {
#ifdef __CUDA_ARCH__
    for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) body(i);
#endif
    Sync();
  }
  template <class Body>
  FOOTHOLD_HD void ForLanes(int count, const Body& body) const {
    For(count, body);
  }
  template <class Body>
  FOOTHOLD_HD void Once(const Body& body) const {
#ifdef __CUDA_ARCH__
    if (threadIdx.x == 0) body();
#endif
    Sync();
  }
  FOOTHOLD_HD void Sync() const {
#ifdef __CUDA_ARCH__
    __syncthreads();
#endif
  }
  template <class T>
  FOOTHOLD_HD T* Shared() const {
#ifdef __CUDA_ARCH__
    extern __shared__ __align__(32) unsigned char shared_memory[];
    return reinterpret_cast<T*>(shared_memory);
#else
    return nullptr;
#endif
  }
  // Where it is written: the compiler would move reads ahead back to where their values are used.
  FOOTHOLD_HD static float Load(const float* from) {
#ifdef __CUDA_ARCH__
    float value;
    asm volatile("ld.global.f32 %0, [%1];" : "=f"(value) : "l"(from));
    return value;
#else
    return *from;
#endif
  }
  FOOTHOLD_HD static void Spread(float value, float* to, int) { *to = value; }
};

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) RunKernel(const Kernel kernel) {
  DeviceBlock block;
  kernel(block, static_cast<int>(blockIdx.x));
}

class CudaLaunch {
 public:
  CudaLaunch(const BatchCounts& most, const DeviceStream& stream)
      : most_(most), stream_(static_cast<cudaStream_t>(stream.handle())) {}
  template <class Kernel>
  void operator()(const Kernel& kernel) const {
    const int blocks = kernel.NumBlocks(most_);
    FOOTHOLD_CHECK(kernel.SharedBytes() <= kMaxSharedBytes, "a kernel wants too much shared memory");
    if (blocks == 0) return;
    RunKernel<<<blocks, Kernel::kThreads, kernel.SharedBytes(), stream_>>>(kernel);
    FOOTHOLD_CHECK_LAUNCH(RunKernel);
  }

 private:
  BatchCounts most_;
  cudaStream_t stream_;
};

// Loads kernels without running them: the driver would otherwise load each at its first launch, which
// must not happen while a graph is recorded.
struct LoadKernel {
  template <class Kernel>
  void operator()(const Kernel&) const {
    cudaFuncAttributes attributes;
    FOOTHOLD_CUDA_CHECK(cudaFuncGetAttributes(&attributes, RunKernel<Kernel>));
  }
};

// Memory and graphs of one bucket.
class Workspace {
 public:
  explicit Workspace(const Size& bucket)
      : bucket_(bucket),
        layout_(LayoutOf(bucket)),
        staged_input_(layout_.input_bytes),
        staged_output_(layout_.output_bytes),
        input_(layout_.input_bytes),
        work_(layout_.work_bytes),
        output_(layout_.output_bytes),
        view_(MakeView(bucket, input_.data(), work_.data(), output_.data())) {}

  const Size& bucket() const { return bucket_; }
  size_t total_bytes() const { return layout_.total_bytes(); }
  // Work arrays are not on the host: null.
  View host_view() { return MakeView(bucket_, staged_input_.data(), nullptr, staged_output_.data()); }

  void Send(const Size& before, const Size& chunk, const DeviceStream& stream) {
    ForEachBulk(view_, host_view(), before, chunk, [&](auto* to, const auto* from, int64_t count) {
      internal::CopyToDevice(to, from, static_cast<size_t>(count) * sizeof(*from), stream);
    });
  }
  // After Send of all chunks.
  void Run(const int attempts[kNumStages], DeviceStream* stream) {
    const CudaLaunch launch(CountsOf(bucket_), *stream);
    const View host = host_view();
    const auto rest_bytes = static_cast<size_t>(reinterpret_cast<unsigned char*>(host.core_depth_m) -
                                                staged_input_.data());
    input_.Upload(staged_input_.data(), rest_bytes, *stream);
    LaunchProgram(view_, launch, [&]<ReleasedStage kStage>() {
      const DeviceGraph& attempt = RecordedAttempt<kStage>(launch, *stream);
      for (int a = 0; a < attempts[StageIndex<kStage>()]; ++a) attempt.Launch(*stream);
    });
    output_.Download(staged_output_.data(), layout_.output_bytes, *stream);
    stream->Synchronize();
  }

  template <ReleasedStage kStage>
  double TimeSums_ms(int passes, DeviceStream* stream) {
    const CudaLaunch launch(CountsOf(bucket_), *stream);
    DeviceTimer timer;
    launch(PreparePairs<kStage>{view_, Sweep::kReport});
    launch(SumTiles<kStage, true>{view_, Sweep::kReport});
    timer.Start(*stream);
    for (int p = 0; p < passes; ++p) launch(SumTiles<kStage, true>{view_, Sweep::kReport});
    timer.Stop(*stream);
    return timer.Wait_ms() / passes;
  }

 private:
  template <ReleasedStage kStage>
  const DeviceGraph& RecordedAttempt(const CudaLaunch& launch, const DeviceStream& stream) {
    DeviceGraph& graph = graphs_[StageIndex<kStage>()];
    if (!graph.recorded()) {
      const int max_unknowns = static_cast<int>(bucket_.max_unknowns);
      LaunchAttempt<kStage>(view_, max_unknowns, LoadKernel());
      graph.BeginCapture(stream);
      LaunchAttempt<kStage>(view_, max_unknowns, launch);
      graph.EndCapture(stream);
    }
    return graph;
  }

  Size bucket_;
  Layout layout_;
  PinnedBuffer<unsigned char> staged_input_, staged_output_;
  DeviceBuffer<unsigned char> input_, work_, output_;
  View view_;
  DeviceGraph graphs_[kNumStages];
};

class CudaExecutor : public Executor {
 public:
  explicit CudaExecutor(size_t budget_bytes) : budget_bytes_(budget_bytes) {}

  View Reserve(const Size& bucket) override {
    for (auto it = workspaces_.begin(); it != workspaces_.end(); ++it) {
      if (it->bucket() == bucket) {
        workspaces_.splice(workspaces_.begin(), workspaces_, it);
        return workspaces_.front().host_view();
      }
    }
    size_t used_bytes = LayoutOf(bucket).total_bytes();
    for (const Workspace& workspace : workspaces_) used_bytes += workspace.total_bytes();
    while (!workspaces_.empty() && used_bytes > budget_bytes_) {  // The one used longest ago goes first.
      used_bytes -= workspaces_.back().total_bytes();
      workspaces_.pop_back();
    }
    workspaces_.emplace_front(bucket);
    return workspaces_.front().host_view();
  }
  void Send(const Size& before, const Size& chunk) override {
    UseSelectedDevice();
    workspaces_.front().Send(before, chunk, stream_);
  }
  void Run(const int attempts[kNumStages]) override { workspaces_.front().Run(attempts, &stream_); }
  double TimeSums_ms(ReleasedStage stage, int passes) override {
    return stage == ReleasedStage::kAlign
               ? workspaces_.front().TimeSums_ms<ReleasedStage::kAlign>(passes, &stream_)
               : workspaces_.front().TimeSums_ms<ReleasedStage::kReproject>(passes, &stream_);
  }

 private:
  size_t budget_bytes_;
  DeviceStream stream_;
  std::list<Workspace> workspaces_;  // The one used last comes first.
};

}  // namespace

std::unique_ptr<Executor> MakeCudaExecutor(size_t budget_bytes) {
  if (DeviceCount() == 0) SelectDevice(0);  // Says what is missing.
  UseSelectedDevice();
  return std::make_unique<CudaExecutor>(budget_bytes);
}

}  // namespace foothold::batch
