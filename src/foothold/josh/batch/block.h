// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "foothold/geometry/host_device.h"

namespace foothold::batch {

// Kernels are functors, kernel(block, index): what one thread block of CUDA does, written as a sequence
// of phases in which each task writes only its own slots. `block` is one of
//   DeviceBlock    threads of a CUDA block share the tasks of a phase and meet at its end
//   HostBlock      one thread does them in order, eight floats at a time where a phase allows it
// so host and device run the same body in the same order of sums. The interface:
//   block.For(count, body)        body(i), i < count
//   block.Once(body)              body()
//   block.Sync()                  all threads meet; For, Once and ForLanes end with it
//   block.ForLanes(count, body)   body(i) for groups of tasks from i on, as many as the number type
//                                 Block::Lanes holds floats, one per task; Block::Load reads, and
//                                 Block::Spread writes `stride` apart, one per task
//   Block::kReadAhead             how many elements of a stream to read before they are used, at most
//                                 kMaxReadAhead
//   block.template Shared<T>()    scratch memory of the kernel, kernel.SharedBytes() of it

// Largest scratch memory of a kernel: what every GPU grants without being asked.
constexpr size_t kMaxSharedBytes = 48 * 1024;

constexpr int kMaxReadAhead = 4;

constexpr int kSumLanes = 64;
// Sum of term(i) over i < count, in an order that depends on `count` alone. `scratch` is kSumLanes + 1
// doubles of the block; every task may use the result afterwards.
template <class Block, class TermOf>
FOOTHOLD_HD double SumInOrder(Block& block, int count, double* scratch, const TermOf& term) {
  block.For(kSumLanes, [&](int lane) {
    double sum = 0;
    for (int i = lane; i < count; i += kSumLanes) sum += term(i);
    scratch[lane] = sum;
  });
  block.Once([&] {
    double sum = 0;
    for (int lane = 0; lane < kSumLanes; ++lane) sum += scratch[lane];
    scratch[kSumLanes] = sum;
  });
  return scratch[kSumLanes];
}

// Whether condition(i) holds for any i < count. `flag` is an int of the block.
template <class Block, class Condition>
FOOTHOLD_HD bool Any(Block& block, int count, int* flag, const Condition& condition) {
  block.Sync();  // Readers of an earlier answer are done.
  block.Once([&] { *flag = 0; });
  block.For(count, [&](int i) {
    if (condition(i)) *flag = 1;  // Whoever writes, writes the same.
  });
  return *flag != 0;
}

FOOTHOLD_HD bool IsFinite(double x) { return x - x == 0; }

}  // namespace foothold::batch
