// SPDX-License-Identifier: Apache-2.0
// Compiled with fused multiply-adds (see CMakeLists.txt), like objective/match_sums.cc: nothing here is
// inlined elsewhere, so the results of one build stay the same.
#include "foothold/josh/batch/host_tile_sums.h"

namespace foothold::batch {
namespace {

// HostBlock with lanes; of this file alone, so that its code is, too.
class LaneBlock {
 public:
  using Lanes = Float8;
  static constexpr int kLanes = Float8::kLanes;
  static constexpr int kReadAhead = 1;

  explicit LaneBlock(void* shared) : shared_(shared) {}
  template <class Body>
  void For(int count, const Body& body) const {
    for (int i = 0; i < count; ++i) body(i);
  }
  template <class Body>
  void ForLanes(int count, const Body& body) const {
    for (int i = 0; i < count; i += kLanes) body(i);
  }
  template <class Body>
  void Once(const Body& body) const {
    body();
  }
  template <class T>
  T* Shared() const {
    return static_cast<T*>(shared_);
  }
  static Float8 Load(const float* from) { return Float8::Load(from); }
  static void Spread(const Float8& value, float* to, int stride) {
    for (int lane = 0; lane < kLanes; ++lane) to[lane * stride] = value.v[lane];
  }

 private:
  void* shared_;
};

}  // namespace

template <ReleasedStage kStage, bool kDerivatives>
void RunOnHost(const SumTiles<kStage, kDerivatives>& kernel, int index, void* shared) {
  LaneBlock block(shared);
  kernel(block, index);
}
template void RunOnHost(const SumTiles<ReleasedStage::kAlign, false>&, int, void*);
template void RunOnHost(const SumTiles<ReleasedStage::kAlign, true>&, int, void*);
template void RunOnHost(const SumTiles<ReleasedStage::kReproject, false>&, int, void*);
template void RunOnHost(const SumTiles<ReleasedStage::kReproject, true>&, int, void*);

}  // namespace foothold::batch
