// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/block.h"

namespace foothold::batch {

// One thread of the host does what a block of CUDA threads does (block.h), number by number. `shared` is
// the kernel's scratch memory, aligned for any type.
class HostBlock {
 public:
  using Lanes = float;
  static constexpr int kReadAhead = 1;

  explicit HostBlock(void* shared) : shared_(shared) {}
  template <class Body>
  void For(int count, const Body& body) const {
    for (int i = 0; i < count; ++i) body(i);
  }
  template <class Body>
  void ForLanes(int count, const Body& body) const {
    For(count, body);
  }
  template <class Body>
  void Once(const Body& body) const {
    body();
  }
  void Sync() const {}
  template <class T>
  T* Shared() const {
    return static_cast<T*>(shared_);
  }
  static float Load(const float* from) { return *from; }
  static void Spread(float value, float* to, int) { *to = value; }

 private:
  void* shared_;
};

}  // namespace foothold::batch
