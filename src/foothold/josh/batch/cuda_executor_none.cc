// SPDX-License-Identifier: Apache-2.0
#include "foothold/device/device.h"
#include "foothold/josh/batch/executor.h"

namespace foothold::batch {

std::unique_ptr<Executor> MakeCudaExecutor(size_t) {
  SelectDevice(0);  // Says what is missing.
  return nullptr;
}

}  // namespace foothold::batch
