// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "foothold/comm/communicator.h"

namespace foothold {

// How ranks on GPUs find one another.
struct GpuRendezvous {
  Communicator* host = nullptr;  // Tells the others rank 0's NCCL identity; null: a file does.
  std::string file;              // On a file system that all ranks share; one file per start of the job.
  int rank = 0, size = 1;        // Without `host`.
};
bool HasGpuCommunicator();  // Built with NCCL.
// NCCL on the GPU that SelectDevice chose. Values are summed after what was launched on `stream` (a
// cudaStream_t) before, and before what is launched there after Wait. Throws Error(kDevice) without NCCL.
std::unique_ptr<Communicator> MakeGpuCommunicator(const GpuRendezvous& rendezvous,
                                                  void* stream,
                                                  double timeout_s);

}  // namespace foothold
