// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "foothold/comm/world.h"

namespace foothold {

// A collective that was started and works on its buffer until Wait has returned.
class PendingCollective {
 public:
  virtual ~PendingCollective() = default;
  // Lets the operation go on where nothing else does: MPI works only inside MPI calls. True when done.
  virtual bool Progress() = 0;
  // Throws Error(kNetwork) when the operation failed or the communicator's deadline has passed. What it
  // worked on is then still in use: the process must end (World::Abort).
  virtual void Wait() = 0;
};

// Collectives of ranks that work in step, as training does. Every rank calls the same operations with the
// same sizes in the same order, one thread at a time. A rank that is dead or hung cannot hang the others:
// what is not done by the deadline is Error(kNetwork), exit code 8.
//
// Values live where the communicator works (MPI: host memory; NCCL: the GPU), bytes in host memory.
class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  // In place: the element-wise sum over ranks. The order of summation is the library's.
  virtual std::unique_ptr<PendingCollective> StartSum(float* values, size_t count) = 0;
  // all[r * count ...] = rank r's `mine`, which may be its place in `all`.
  virtual void Gather(const float* mine, size_t count, float* all) = 0;
  virtual void GatherBytes(const void* mine, size_t size_bytes, void* all) = 0;
  virtual void Broadcast(void* bytes, size_t size_bytes, int root) = 0;
  virtual void Barrier() = 0;

 protected:
  Communicator(int rank, int size) : rank_(rank), size_(size) {}

 private:
  int rank_, size_;
};

// One process: nothing to do.
std::unique_ptr<Communicator> MakeSoloCommunicator();

// Of all ranks of `world`, which outlives it. Under MPI each call makes a channel of its own, whose messages
// do not mix with others'; collective. Throws Error(kUsage) for ranks that cannot talk.
std::unique_ptr<Communicator> MakeHostCommunicator(const World& world, double timeout_s);

}  // namespace foothold
