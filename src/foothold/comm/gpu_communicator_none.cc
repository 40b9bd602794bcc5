// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"
#include "foothold/comm/gpu_communicator.h"

namespace foothold {

bool HasGpuCommunicator() { return false; }

std::unique_ptr<Communicator> MakeGpuCommunicator(const GpuRendezvous&, void*, double) {
  throw Error(
      ErrorKind::kDevice,
      "this program was built without NCCL, so that several GPUs cannot train together; install NCCL and "
      "CUDA (scripts/install_torch.sh --full brings NCCL) and build again");
}

}  // namespace foothold
