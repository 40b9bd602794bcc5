// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/block.h"
#include "foothold/josh/batch/view.h"

namespace foothold::batch {

// Matches as they come (24 bytes each) to arrays of floats, padded per tile: once per batch.
struct PackTiles {
  static constexpr int kThreads = 256;

  View view;

  static constexpr size_t SharedBytes() { return (kSumLanes + 1) * sizeof(double); }
  int NumBlocks(const BatchCounts& most) const { return most.tiles; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->tiles) return;
    const Tile tile = view.tiles[index];
    const Pair pair = view.pairs[tile.pair];
    const Chunk& chunk = view.chunks[tile.chunk];
    const RawMatches& raw = view.raw;
    block.For(tile.padded, [&](int m) {
      const int64_t from = tile.first_match + m;
      float* first = view.packed + PackedOffset(tile.first_packed + m);
      float* second = first + kFieldsPerEnd * kTileThreads;
      if (m < tile.count) {
        Pack(chunk, pair.i, raw.x1[from], raw.y1[from], raw.anchor1[from], raw.omega1[from], first);
        Pack(chunk, pair.j, raw.x2[from], raw.y2[from], raw.anchor2[from], raw.omega2[from], second);
        first[kConfidence * kTileThreads] = raw.confidence[from];
      } else {
        Store({0, 0, 1, 0}, first);
        Store({0, 0, 1, 0}, second);
        first[kConfidence * kTileThreads] = 0;
      }
    });
    double* scratch = block.template Shared<double>();
    const double sum = SumInOrder(block, tile.count, scratch, [&](int m) {
      return static_cast<double>(raw.confidence[tile.first_match + m]);
    });
    block.Once([&] { view.tile_confidence[index] = sum; });
  }

 private:
  FOOTHOLD_HD static void Store(const MatchEnd<float>& end, float* to) {
    to[kX * kTileThreads] = end.x;
    to[kY * kTileThreads] = end.y;
    to[kCore * kTileThreads] = end.core;
    to[kOmegaM1 * kTileThreads] = end.omega_m1;
  }
  FOOTHOLD_HD void Pack(
      const Chunk& chunk, int keyframe, int x, int y, int anchor, float omega, float* to) const {
    const float core =
        view.core_depth_m[chunk.first_core + static_cast<int64_t>(keyframe) * chunk.num_anchors + anchor];
    Store(MakeMatchEnd(x, y, chunk.half_width, chunk.half_height, core, omega), to);
  }
};

}  // namespace foothold::batch
