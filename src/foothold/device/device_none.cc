// SPDX-License-Identifier: Apache-2.0
#include "foothold/device/device.h"

namespace foothold {
namespace {

[[noreturn]] void ThrowNoDevice() {
  throw Error(ErrorKind::kDevice,
              "no usable GPU: " + WhyNoDevice() + "; build with the preset 'cuda' or run without a GPU");
}

}  // namespace

bool HasDeviceCode() { return false; }
int DeviceCount() { return 0; }
std::string WhyNoDevice() { return "this program was built without CUDA"; }
int SelectDevice(int) { ThrowNoDevice(); }
std::string DescribeDevice(int) { ThrowNoDevice(); }
void CheckCuda(int, const char*, const char*, int) { ThrowNoDevice(); }
void CheckLaunch(const char*, const char*, int) { ThrowNoDevice(); }
DeviceStream::DeviceStream() { ThrowNoDevice(); }
DeviceStream::~DeviceStream() = default;
void DeviceStream::Synchronize() { ThrowNoDevice(); }

namespace internal {

void* AllocateOnDevice(size_t) { ThrowNoDevice(); }
void FreeOnDevice(void*) noexcept {}
void CopyToDevice(void*, const void*, size_t, const DeviceStream&) { ThrowNoDevice(); }
void CopyToHost(void*, const void*, size_t, const DeviceStream&) { ThrowNoDevice(); }

}  // namespace internal
}  // namespace foothold
