// SPDX-License-Identifier: Apache-2.0
#include "foothold/comm/gpu_communicator.h"

#include <nccl.h>

#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/comm/deadline.h"
#include "foothold/device/device.h"

namespace foothold {
namespace {

cudaStream_t StreamOf(void* stream) { return static_cast<cudaStream_t>(stream); }

// Rank 0's identity, by way of the host's communicator or of a file that appears complete.
ncclUniqueId ShareIdentity(const GpuRendezvous& rendezvous, int rank, double timeout_s) {
  ncclUniqueId id{};
  if (rank == 0 && ncclGetUniqueId(&id) != ncclSuccess) {
    throw Error(ErrorKind::kNetwork, "NCCL cannot open its port on this host; see NCCL_SOCKET_IFNAME");
  }
  if (rendezvous.host != nullptr) {
    rendezvous.host->Broadcast(&id, sizeof(id), 0);
    return id;
  }
  const std::string& path = rendezvous.file;
  if (rank == 0) {
    AtomicFile file(path);
    WriteFileAtomically(file.temporary_path(), std::string(id.internal, sizeof(id.internal)));
    if (!file.Commit()) {
      throw Error(
          ErrorKind::kUsage,
          path + " exists: train.rendezvous must be new at each start, for example with the job's number");
    }
    return id;
  }
  WaitUntil([&] { return std::filesystem::exists(path); }, timeout_s, "waiting for rank 0 to write " + path);
  const std::string bytes = ReadFile(path);
  if (bytes.size() != sizeof(id.internal))
    throw Error(ErrorKind::kBadInput, path + " is no rendezvous of ranks");
  std::memcpy(id.internal, bytes.data(), bytes.size());
  return id;
}

class GpuCommunicator : public Communicator {
 public:
  GpuCommunicator(const GpuRendezvous& rendezvous, int rank, int size, void* stream, double timeout_s)
      : Communicator(rank, size), producer_(stream), timeout_s_(timeout_s) {
    UseSelectedDevice();
    const ncclUniqueId id = ShareIdentity(rendezvous, rank, timeout_s);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;  // Every call returns at once and is watched.
    Issue(ncclCommInitRankConfig(&comm_, size, id, rank, &config), "joining the GPUs of all ranks");
  }
  ~GpuCommunicator() override {
    // Not ncclCommDestroy, which may wait for others.
    if (comm_ != nullptr) ncclCommAbort(comm_);
  }

  std::unique_ptr<PendingCollective> StartSum(float* values, size_t count) override {
    BeginAfterProducer();
    Issue(ncclAllReduce(values, values, count, ncclFloat, ncclSum, comm_, StreamOf(stream_.handle())),
          "a sum over ranks");
    auto pending = std::make_unique<Pending>(this);
    pending->done.Record(stream_.handle());
    return pending;
  }

  void Gather(const float* mine, size_t count, float* all) override {
    BeginAfterProducer();
    Issue(ncclAllGather(mine, all, count, ncclFloat, comm_, StreamOf(stream_.handle())), "gathering values");
    Finish("gathering values");
  }

  void GatherBytes(const void* mine, size_t size_bytes, void* all) override {
    const size_t total = size_bytes * static_cast<size_t>(size());
    DeviceBuffer<char> own(size_bytes), gathered(total);
    own.Upload(static_cast<const char*>(mine), size_bytes, stream_);
    Issue(ncclAllGather(own.data(), gathered.data(), size_bytes, ncclChar, comm_, StreamOf(stream_.handle())),
          "gathering bytes");
    Finish("gathering bytes");
    gathered.Download(static_cast<char*>(all), total, stream_);
    stream_.Synchronize();
  }

  void Broadcast(void* bytes, size_t size_bytes, int root) override {
    DeviceBuffer<char> buffer(size_bytes);
    buffer.Upload(static_cast<const char*>(bytes), size_bytes, stream_);
    Issue(ncclBroadcast(
              buffer.data(), buffer.data(), size_bytes, ncclChar, root, comm_, StreamOf(stream_.handle())),
          "a broadcast");
    Finish("a broadcast");
    buffer.Download(static_cast<char*>(bytes), size_bytes, stream_);
    stream_.Synchronize();
  }

  void Barrier() override {
    std::vector<char> all(static_cast<size_t>(size()));
    const char own = 0;
    GatherBytes(&own, 1, all.data());
  }

 private:
  class Pending : public PendingCollective {
   public:
    explicit Pending(GpuCommunicator* owner) : owner_(owner) {}
    bool Progress() override { return done.Reached(); }
    void Wait() override {
      owner_->WaitFor([this] { return done.Reached(); }, "a sum over ranks");
      done.Hold(owner_->producer_);
    }
    DeviceEvent done;

   private:
    GpuCommunicator* owner_;
  };

  // What NCCL says of the communicator; an error ends it.
  ncclResult_t State(const std::string& what) {
    ncclResult_t state = ncclSuccess;
    const ncclResult_t asked = ncclCommGetAsyncError(comm_, &state);
    if (asked != ncclSuccess) state = asked;
    if (state != ncclSuccess && state != ncclInProgress) Fail(what, state);
    return state;
  }
  [[noreturn]] void Fail(const std::string& what, ncclResult_t state) {
    throw Error(ErrorKind::kNetwork,
                what + " failed: NCCL says " + ncclGetErrorString(state) +
                    "; a rank or its GPU is gone; NCCL_DEBUG=WARN tells more");
  }
  // Aborts the communicator at the deadline, so that nothing runs on the GPU for ever.
  template <class Done>
  void WaitFor(const Done& done, const std::string& what) {
    try {
      WaitUntil([&] { return State(what) == ncclSuccess && done(); }, timeout_s_, what);
    } catch (const Error&) {
      ncclCommAbort(std::exchange(comm_, nullptr));
      throw;
    }
  }
  void Issue(ncclResult_t result, const std::string& what) {
    if (result != ncclSuccess && result != ncclInProgress) Fail(what, result);
    WaitFor([] { return true; }, what);
  }
  void BeginAfterProducer() {
    ready_.Record(producer_);
    ready_.Hold(stream_.handle());
  }
  // Waits for what was issued last, and makes the producer wait for it.
  void Finish(const std::string& what) {
    finished_.Record(stream_.handle());
    WaitFor([this] { return finished_.Reached(); }, what);
    finished_.Hold(producer_);
  }

  void* producer_;
  double timeout_s_;
  ncclComm_t comm_ = nullptr;
  DeviceStream stream_;
  DeviceEvent ready_, finished_;
};

}  // namespace

bool HasGpuCommunicator() { return true; }

std::unique_ptr<Communicator> MakeGpuCommunicator(const GpuRendezvous& rendezvous,
                                                  void* stream,
                                                  double timeout_s) {
  const bool by_host = rendezvous.host != nullptr;
  return std::make_unique<GpuCommunicator>(rendezvous,
                                           by_host ? rendezvous.host->rank() : rendezvous.rank,
                                           by_host ? rendezvous.host->size() : rendezvous.size,
                                           stream,
                                           timeout_s);
}

}  // namespace foothold
