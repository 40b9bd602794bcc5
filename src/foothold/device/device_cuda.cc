// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include <atomic>
#include <cstdio>

#include "foothold/device/device.h"

namespace foothold {
namespace {

std::atomic<int> selected_device{0};  // Of the process.

cudaStream_t StreamOf(const DeviceStream& stream) { return static_cast<cudaStream_t>(stream.handle()); }

}  // namespace

bool HasDeviceCode() { return true; }

int DeviceCount() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();  // Clears it: having no device is not an error of what follows.
  return 0;
}

std::string WhyNoDevice() {
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (code == cudaSuccess && count > 0) return "";
  cudaGetLastError();
  return code == cudaSuccess ? "no GPU is visible (check CUDA_VISIBLE_DEVICES)" : cudaGetErrorString(code);
}

int SelectDevice(int local_rank) {
  const int count = DeviceCount();
  if (count == 0) {
    throw Error(ErrorKind::kDevice,
                "no usable GPU: " + WhyNoDevice() + "; check the driver (nvidia-smi) or run without a GPU");
  }
  selected_device = count == 1 ? 0 : local_rank % count;
  return UseSelectedDevice();
}

int UseSelectedDevice() {
  const int device = selected_device;
  FOOTHOLD_CUDA_CHECK(cudaSetDevice(device));
  return device;
}

std::string DescribeDevice(int device) {
  cudaDeviceProp properties;
  FOOTHOLD_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  char text[320];
  std::snprintf(text,
                sizeof(text),
                "%s, %.0f GiB, sm_%d%d",
                properties.name,
                static_cast<double>(properties.totalGlobalMem) / (1u << 30),
                properties.major,
                properties.minor);
  return text;
}

void CheckCuda(int code, const char* expression, const char* file, int line) {
  if (code == cudaSuccess) return;
  const auto error = static_cast<cudaError_t>(code);
  throw Error(ErrorKind::kDevice,
              std::string(cudaGetErrorName(error)) + " (" + cudaGetErrorString(error) + ") in " + expression +
                  " at " + file + ":" + std::to_string(line) +
                  (error == cudaErrorMemoryAllocation ? "; the GPU is out of memory, use fewer ranks per GPU"
                                                      : "; check the GPU with nvidia-smi"));
}

void CheckLaunch(const char* kernel, const char* file, int line) {
  CheckCuda(cudaGetLastError(), kernel, file, line);
}

DeviceStream::DeviceStream() {
  cudaStream_t stream = nullptr;
  FOOTHOLD_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  handle_ = stream;
}
DeviceStream::~DeviceStream() { cudaStreamDestroy(static_cast<cudaStream_t>(handle_)); }
void DeviceStream::Synchronize() { FOOTHOLD_CUDA_CHECK(cudaStreamSynchronize(StreamOf(*this))); }

DeviceEvent::DeviceEvent() {
  cudaEvent_t event = nullptr;
  FOOTHOLD_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  handle_ = event;
}
DeviceEvent::~DeviceEvent() { cudaEventDestroy(static_cast<cudaEvent_t>(handle_)); }
void DeviceEvent::Record(void* stream) {
  FOOTHOLD_CUDA_CHECK(cudaEventRecord(static_cast<cudaEvent_t>(handle_), static_cast<cudaStream_t>(stream)));
}
bool DeviceEvent::Reached() const {
  const cudaError_t state = cudaEventQuery(static_cast<cudaEvent_t>(handle_));
  if (state == cudaErrorNotReady) return false;
  FOOTHOLD_CUDA_CHECK(state);
  return true;
}
void DeviceEvent::Hold(void* stream) const {
  FOOTHOLD_CUDA_CHECK(
      cudaStreamWaitEvent(static_cast<cudaStream_t>(stream), static_cast<cudaEvent_t>(handle_), 0));
}

DeviceGraph::~DeviceGraph() {
  if (handle_ != nullptr) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(handle_));
}
void DeviceGraph::BeginCapture(const DeviceStream& stream) {
  FOOTHOLD_CUDA_CHECK(cudaStreamBeginCapture(StreamOf(stream), cudaStreamCaptureModeThreadLocal));
}
void DeviceGraph::EndCapture(const DeviceStream& stream) {
  cudaGraph_t graph = nullptr;
  FOOTHOLD_CUDA_CHECK(cudaStreamEndCapture(StreamOf(stream), &graph));
  cudaGraphExec_t exec = nullptr;
  const cudaError_t code = cudaGraphInstantiate(&exec, graph, 0);
  cudaGraphDestroy(graph);
  FOOTHOLD_CUDA_CHECK(code);
  if (handle_ != nullptr) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(handle_));
  handle_ = exec;
}
void DeviceGraph::Launch(const DeviceStream& stream) const {
  FOOTHOLD_CHECK(recorded(), "a graph must be recorded before it is launched");
  FOOTHOLD_CUDA_CHECK(cudaGraphLaunch(static_cast<cudaGraphExec_t>(handle_), StreamOf(stream)));
}

DeviceTimer::DeviceTimer() {
  for (void*& event : events_) {
    cudaEvent_t created = nullptr;
    FOOTHOLD_CUDA_CHECK(cudaEventCreate(&created));
    event = created;
  }
}
DeviceTimer::~DeviceTimer() {
  for (void* event : events_) cudaEventDestroy(static_cast<cudaEvent_t>(event));
}
void DeviceTimer::Start(const DeviceStream& stream) {
  FOOTHOLD_CUDA_CHECK(cudaEventRecord(static_cast<cudaEvent_t>(events_[0]), StreamOf(stream)));
}
void DeviceTimer::Stop(const DeviceStream& stream) {
  FOOTHOLD_CUDA_CHECK(cudaEventRecord(static_cast<cudaEvent_t>(events_[1]), StreamOf(stream)));
}
double DeviceTimer::Wait_ms() {
  float elapsed_ms = 0;
  FOOTHOLD_CUDA_CHECK(cudaEventSynchronize(static_cast<cudaEvent_t>(events_[1])));
  FOOTHOLD_CUDA_CHECK(cudaEventElapsedTime(
      &elapsed_ms, static_cast<cudaEvent_t>(events_[0]), static_cast<cudaEvent_t>(events_[1])));
  return elapsed_ms;
}

namespace internal {

void* AllocateOnDevice(size_t size_bytes) {
  void* data = nullptr;
  if (size_bytes > 0) FOOTHOLD_CUDA_CHECK(cudaMalloc(&data, size_bytes));
  return data;
}
void FreeOnDevice(void* data) noexcept { cudaFree(data); }
void* AllocatePinned(size_t size_bytes) {
  void* data = nullptr;
  if (size_bytes > 0) FOOTHOLD_CUDA_CHECK(cudaMallocHost(&data, size_bytes));
  return data;
}
void FreePinned(void* data) noexcept { cudaFreeHost(data); }
void CopyToDevice(void* to, const void* from_host, size_t size_bytes, const DeviceStream& stream) {
  FOOTHOLD_CUDA_CHECK(cudaMemcpyAsync(to, from_host, size_bytes, cudaMemcpyHostToDevice, StreamOf(stream)));
}
void CopyToHost(void* to_host, const void* from, size_t size_bytes, const DeviceStream& stream) {
  FOOTHOLD_CUDA_CHECK(cudaMemcpyAsync(to_host, from, size_bytes, cudaMemcpyDeviceToHost, StreamOf(stream)));
}
void CopyOnDevice(void* to, const void* from, size_t size_bytes, const DeviceStream& stream) {
  FOOTHOLD_CUDA_CHECK(cudaMemcpyAsync(to, from, size_bytes, cudaMemcpyDeviceToDevice, StreamOf(stream)));
}

}  // namespace internal
}  // namespace foothold
