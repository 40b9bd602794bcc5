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
int UseSelectedDevice() { ThrowNoDevice(); }
std::string DescribeDevice(int) { ThrowNoDevice(); }
void CheckCuda(int, const char*, const char*, int) { ThrowNoDevice(); }
void CheckLaunch(const char*, const char*, int) { ThrowNoDevice(); }
DeviceStream::DeviceStream() { ThrowNoDevice(); }
DeviceStream::~DeviceStream() = default;
void DeviceStream::Synchronize() { ThrowNoDevice(); }
DeviceEvent::DeviceEvent() { ThrowNoDevice(); }
DeviceEvent::~DeviceEvent() = default;
void DeviceEvent::Record(void*) { ThrowNoDevice(); }
bool DeviceEvent::Reached() const { ThrowNoDevice(); }
void DeviceEvent::Hold(void*) const { ThrowNoDevice(); }
DeviceGraph::~DeviceGraph() = default;
void DeviceGraph::BeginCapture(const DeviceStream&) { ThrowNoDevice(); }
void DeviceGraph::EndCapture(const DeviceStream&) { ThrowNoDevice(); }
void DeviceGraph::Launch(const DeviceStream&) const { ThrowNoDevice(); }
DeviceTimer::DeviceTimer() { ThrowNoDevice(); }
DeviceTimer::~DeviceTimer() = default;
void DeviceTimer::Start(const DeviceStream&) { ThrowNoDevice(); }
void DeviceTimer::Stop(const DeviceStream&) { ThrowNoDevice(); }
double DeviceTimer::Wait_ms() { ThrowNoDevice(); }

namespace internal {

void* AllocateOnDevice(size_t) { ThrowNoDevice(); }
void FreeOnDevice(void*) noexcept {}
void* AllocatePinned(size_t) { ThrowNoDevice(); }
void FreePinned(void*) noexcept {}
void CopyToDevice(void*, const void*, size_t, const DeviceStream&) { ThrowNoDevice(); }
void CopyToHost(void*, const void*, size_t, const DeviceStream&) { ThrowNoDevice(); }
void CopyOnDevice(void*, const void*, size_t, const DeviceStream&) { ThrowNoDevice(); }

}  // namespace internal
}  // namespace foothold
