// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "foothold/josh/batch/view.h"

namespace foothold::batch {

// Lengths of the arrays of View, for one chunk or for a batch.
struct Size {
  int64_t chunks = 0, pairs = 0, tiles = 0, groups = 0, residuals = 0, blocks = 0, parts = 0;
  int64_t cameras = 0, cores = 0, matches = 0, packed = 0;
  int64_t unknowns = 0, entries = 0;  // Sums of n and n^2.
  int64_t systems = 0;                // Numbers.
  int64_t max_unknowns = 0, max_records = 0;

  bool operator==(const Size&) const = default;
};
Size operator+(const Size& a, const Size& b);

// The size bucket of a batch: each length rounded up by at most an eighth. Batches of one bucket share
// memory and recorded graphs.
Size Bucket(const Size& size);

// A batch lies in three blocks of memory: written by the host, for the kernels, read by the host.
struct Layout {
  size_t input_bytes = 0, work_bytes = 0, output_bytes = 0;
  size_t total_bytes() const { return input_bytes + work_bytes + output_bytes; }
};
Layout LayoutOf(const Size& size);
// Pointers into blocks of at least those sizes, aligned to 256 bytes, on host or device.
View MakeView(const Size& size, void* input, void* work, void* output);
BatchCounts CountsOf(const Size& size);

// Calls copy(to, from, count) for a chunk's part of each bulky input array, the last ones of the input
// block; core_depth_m is the first.
template <class Copy>
void ForEachBulk(const View& to, const View& from, const Size& before, const Size& chunk, const Copy& copy) {
  copy(to.core_depth_m + before.cores, from.core_depth_m + before.cores, chunk.cores);
  const auto matches = [&](auto field) {
    copy(to.raw.*field + before.matches, from.raw.*field + before.matches, chunk.matches);
  };
  for (const auto field : {&RawMatches::x1,
                           &RawMatches::y1,
                           &RawMatches::x2,
                           &RawMatches::y2,
                           &RawMatches::anchor1,
                           &RawMatches::anchor2}) {
    matches(field);
  }
  for (const auto field : {&RawMatches::omega1, &RawMatches::omega2, &RawMatches::confidence}) matches(field);
}

// Which chunks to solve together: chunks of like numbers of keyframes, in batches whose bucket stays
// within `budget_bytes`. Chunks that exceed it by themselves are in no batch.
std::vector<std::vector<int>> PlanBatches(const std::vector<Size>& chunks, size_t budget_bytes);

}  // namespace foothold::batch
