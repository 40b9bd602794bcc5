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

namespace internal {
void* AllocateOnDevice(size_t size_bytes);
void FreeOnDevice(void* data) noexcept;
void CopyToDevice(void* to, const void* from_host, size_t size_bytes, const DeviceStream& stream);
void CopyToHost(void* to_host, const void* from, size_t size_bytes, const DeviceStream& stream);
}  // namespace internal

// Owns `size` values of device memory, uninitialised. T is trivially copyable.
template <class T>
class DeviceBuffer {
 public:
  explicit DeviceBuffer(size_t size)
      : data_(static_cast<T*>(internal::AllocateOnDevice(size * sizeof(T)))), size_(size) {}
  ~DeviceBuffer() { internal::FreeOnDevice(data_); }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }

  // Both are ordered on `stream`; host memory must stay alive until it is synchronised. `count` at most
  // size().
  void Upload(const T* from_host, size_t count, const DeviceStream& stream) {
    FOOTHOLD_CHECK(count <= size_, "upload beyond the end of a device buffer");
    internal::CopyToDevice(data_, from_host, count * sizeof(T), stream);
  }
  void Download(T* to_host, size_t count, const DeviceStream& stream) const {
    FOOTHOLD_CHECK(count <= size_, "download beyond the end of a device buffer");
    internal::CopyToHost(to_host, data_, count * sizeof(T), stream);
  }

 private:
  T* data_;
  size_t size_;
};

}  // namespace foothold
