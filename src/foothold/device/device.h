// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "foothold/base/error.h"

// GPUs without CUDA's headers: everything here is plain C++ and links on a machine without a toolkit,
// where there are simply no devices.
namespace foothold {

// Whether this program was built with kernels.
bool HasDeviceCode();
// Usable GPUs; 0 without kernels, driver or device.
int DeviceCount();
// Why DeviceCount() is 0, for messages; empty when it is not.
std::string WhyNoDevice();

// Binds the calling process to a GPU and returns its index: the only visible one, or `local_rank`
// modulo their number. Throws Error(kDevice) when there is none.
int SelectDevice(int local_rank);
// Binds the calling thread to what SelectDevice chose, GPU 0 without a choice, and returns its index: each
// thread has a GPU of its own as far as CUDA is concerned. Throws Error(kDevice).
int UseSelectedDevice();
// "NVIDIA H200, 139 GiB, sm_90". Throws Error(kDevice).
std::string DescribeDevice(int device);

// Throws Error(kDevice) with the CUDA error's name and place when `code`, a cudaError_t, is not success.
void CheckCuda(int code, const char* expression, const char* file, int line);
#define FOOTHOLD_CUDA_CHECK(expression) \
  ::foothold::CheckCuda(static_cast<int>(expression), #expression, __FILE__, __LINE__)
// After a kernel launch: invalid launch parameters show up here.
void CheckLaunch(const char* kernel, const char* file, int line);
#define FOOTHOLD_CHECK_LAUNCH(kernel) ::foothold::CheckLaunch(#kernel, __FILE__, __LINE__)

// Owns one CUDA stream of the current device.
class DeviceStream {
 public:
  DeviceStream();
  ~DeviceStream();
  DeviceStream(const DeviceStream&) = delete;
  DeviceStream& operator=(const DeviceStream&) = delete;

  void Synchronize();
  void* handle() const { return handle_; }  // A cudaStream_t.

 private:
  void* handle_ = nullptr;
};

// A point in a stream, where streams and the host meet. Streams are cudaStream_t, also other libraries'.
class DeviceEvent {
 public:
  DeviceEvent();
  ~DeviceEvent();
  DeviceEvent(const DeviceEvent&) = delete;
  DeviceEvent& operator=(const DeviceEvent&) = delete;

  void Record(void* stream);
  bool Reached() const;
  void Hold(void* stream) const;  // What is launched there from now on waits for the point.

 private:
  void* handle_ = nullptr;  // A cudaEvent_t.
};

// A sequence of launches on one stream, recorded once and replayed as a whole: the host pays for one
// launch, and the device for no gaps. Everything that the launches refer to must outlive the graph.
class DeviceGraph {
 public:
  DeviceGraph() = default;
  ~DeviceGraph();
  DeviceGraph(const DeviceGraph&) = delete;
  DeviceGraph& operator=(const DeviceGraph&) = delete;

  // Launches on `stream` between Begin and End are recorded instead of run. A second recording
  // replaces the first.
  void BeginCapture(const DeviceStream& stream);
  void EndCapture(const DeviceStream& stream);
  bool recorded() const { return handle_ != nullptr; }
  void Launch(const DeviceStream& stream) const;

 private:
  void* handle_ = nullptr;  // A cudaGraphExec_t.
};

// Milliseconds of device time between two points of a stream.
class DeviceTimer {
 public:
  DeviceTimer();
  ~DeviceTimer();
  DeviceTimer(const DeviceTimer&) = delete;
  DeviceTimer& operator=(const DeviceTimer&) = delete;

  void Start(const DeviceStream& stream);
  void Stop(const DeviceStream& stream);
  double Wait_ms();  // Until Stop is reached.

 private:
  void* events_[2] = {nullptr, nullptr};  // cudaEvent_t.
};

namespace internal {
void* AllocateOnDevice(size_t size_bytes);
void FreeOnDevice(void* data) noexcept;
void* AllocatePinned(size_t size_bytes);
void FreePinned(void* data) noexcept;
void CopyToDevice(void* to, const void* from_host, size_t size_bytes, const DeviceStream& stream);
void CopyToHost(void* to_host, const void* from, size_t size_bytes, const DeviceStream& stream);
void CopyOnDevice(void* to, const void* from, size_t size_bytes, const DeviceStream& stream);
}  // namespace internal

// Owns `size` values of T, which is trivially copyable, uninitialised.
template <class T, void* (*Allocate)(size_t size_bytes), void (*Free)(void*) noexcept>
class Buffer {
 public:
  explicit Buffer(size_t size) : data_(static_cast<T*>(Allocate(size * sizeof(T)))), size_(size) {}
  ~Buffer() { Free(data_); }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  T* data_;
  size_t size_;
};

// Page-locked host memory: copies from and to it run at full speed and beside the host.
template <class T>
using PinnedBuffer = Buffer<T, internal::AllocatePinned, internal::FreePinned>;

// Memory of the device.
template <class T>
class DeviceBuffer : public Buffer<T, internal::AllocateOnDevice, internal::FreeOnDevice> {
 public:
  using Base = Buffer<T, internal::AllocateOnDevice, internal::FreeOnDevice>;
  using Base::Base;

  // Both are ordered on `stream`; host memory must stay alive until it is synchronised. `count` at most
  // size().
  void Upload(const T* from_host, size_t count, const DeviceStream& stream) {
    CheckWithin(count, "upload");
    internal::CopyToDevice(this->data(), from_host, count * sizeof(T), stream);
  }
  void Download(T* to_host, size_t count, const DeviceStream& stream) const {
    CheckWithin(count, "download");
    internal::CopyToHost(to_host, this->data(), count * sizeof(T), stream);
  }
  // From another buffer of the same device.
  void CopyFrom(const DeviceBuffer& other, size_t count, const DeviceStream& stream) {
    CheckWithin(count, "copy");
    other.CheckWithin(count, "copy");
    internal::CopyOnDevice(this->data(), other.data(), count * sizeof(T), stream);
  }

 private:
  void CheckWithin(size_t count, const char* what) const {
    FOOTHOLD_CHECK(count <= this->size(), std::string(what) + " beyond the end of a device buffer");
  }
};

}  // namespace foothold
