// SPDX-License-Identifier: Apache-2.0
#include "foothold/comm/communicator.h"

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include <climits>
#include <cstring>

#include "foothold/base/error.h"
#include "foothold/comm/deadline.h"
#include "foothold/comm/mpi_check.h"

namespace foothold {
namespace {

class Done : public PendingCollective {
 public:
  bool Progress() override { return true; }
  void Wait() override {}
};

class SoloCommunicator : public Communicator {
 public:
  SoloCommunicator() : Communicator(0, 1) {}
  std::unique_ptr<PendingCollective> StartSum(float*, size_t) override { return std::make_unique<Done>(); }
  void Gather(const float* mine, size_t count, float* all) override {
    if (mine != all) std::memcpy(all, mine, count * sizeof(float));
  }
  void GatherBytes(const void* mine, size_t size_bytes, void* all) override {
    if (mine != all) std::memcpy(all, mine, size_bytes);
  }
  void Broadcast(void*, size_t, int) override {}
  void Barrier() override {}
};

int CountOf(size_t count) {
  FOOTHOLD_CHECK(count <= INT_MAX, "MPI moves at most 2^31 - 1 values at a time");
  return static_cast<int>(count);
}

class PendingMpi : public PendingCollective {
 public:
  PendingMpi(double timeout_s, std::string what) : timeout_s_(timeout_s), what_(std::move(what)) {}

  MPI_Request* request() { return &request_; }
  bool Progress() override {
    int done = 0;
    CheckMpi(MPI_Test(&request_, &done, MPI_STATUS_IGNORE), "MPI_Test");
    return done != 0;
  }
  void Wait() override {
    WaitUntil([this] { return Progress(); }, timeout_s_, what_);
  }

 private:
  MPI_Request request_ = MPI_REQUEST_NULL;
  double timeout_s_;
  std::string what_;
};

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(const World& world, double timeout_s)
      : Communicator(world.rank(), world.size()), timeout_s_(timeout_s) {
    PendingMpi pending(timeout_s_, "opening a channel between the ranks");
    CheckMpi(MPI_Comm_idup(MPI_COMM_WORLD, &channel_, pending.request()), "MPI_Comm_idup");
    pending.Wait();
    CheckMpi(MPI_Comm_set_errhandler(channel_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  // The channel is left to MPI_Finalize: freeing it would wait for ranks that may be dead.

  std::unique_ptr<PendingCollective> StartSum(float* values, size_t count) override {
    auto pending =
        std::make_unique<PendingMpi>(timeout_s_, "a sum of " + std::to_string(count) + " numbers over ranks");
    CheckMpi(MPI_Iallreduce(
                 MPI_IN_PLACE, values, CountOf(count), MPI_FLOAT, MPI_SUM, channel_, pending->request()),
             "MPI_Iallreduce");
    return pending;
  }

  void Gather(const float* mine, size_t count, float* all) override {
    GatherValues(mine, count, MPI_FLOAT, all, all + count * static_cast<size_t>(rank()));
  }
  void GatherBytes(const void* mine, size_t size_bytes, void* all) override {
    GatherValues(
        mine, size_bytes, MPI_BYTE, all, static_cast<char*>(all) + size_bytes * static_cast<size_t>(rank()));
  }
  void Broadcast(void* bytes, size_t size_bytes, int root) override {
    PendingMpi pending(timeout_s_, "a broadcast of " + std::to_string(size_bytes) + " bytes");
    CheckMpi(MPI_Ibcast(bytes, CountOf(size_bytes), MPI_BYTE, root, channel_, pending.request()),
             "MPI_Ibcast");
    pending.Wait();
  }
  void Barrier() override {
    PendingMpi pending(timeout_s_, "a barrier");
    CheckMpi(MPI_Ibarrier(channel_, pending.request()), "MPI_Ibarrier");
    pending.Wait();
  }

 private:
  void GatherValues(const void* mine, size_t count, MPI_Datatype type, void* all, const void* own_place) {
    PendingMpi pending(timeout_s_, "gathering " + std::to_string(count) + " values of every rank");
    const void* from = mine == own_place ? MPI_IN_PLACE : mine;
    CheckMpi(
        MPI_Iallgather(from, CountOf(count), type, all, CountOf(count), type, channel_, pending.request()),
        "MPI_Iallgather");
    pending.Wait();
  }

  double timeout_s_;
  MPI_Comm channel_ = MPI_COMM_NULL;
};

}  // namespace

std::unique_ptr<Communicator> MakeSoloCommunicator() { return std::make_unique<SoloCommunicator>(); }

std::unique_ptr<Communicator> MakeHostCommunicator(const World& world, double timeout_s) {
  if (world.size() == 1) return MakeSoloCommunicator();
  if (!world.can_talk()) {
    throw Error(ErrorKind::kUsage,
                "the launcher started ranks that cannot talk to one another; use mpirun, or srun --mpi=pmix");
  }
  return std::make_unique<MpiCommunicator>(world, timeout_s);
}

}  // namespace foothold
