// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/block.h"
#include "foothold/josh/batch/view.h"

namespace foothold::batch {

// Gauge: the root's pose stays, in stage 1 the focal length, and without people one size.
template <ReleasedStage kStage>
FOOTHOLD_HD bool IsFixed(const Chunk& chunk, int unknown) {
  if (unknown == chunk.num_unknowns() - 1) return kStage == ReleasedStage::kAlign;
  const int keyframe = unknown / kUnknownsPerCamera, within = unknown % kUnknownsPerCamera;
  return within < 6 ? keyframe == chunk.root : keyframe == chunk.fixed_size;
}

// Gathers every nonzero block of the chunks' matrices, and the gradient, from the systems of pairs and
// groups: each entry has one writer that adds its parts in their order. Fixed unknowns get rows of the
// identity.
template <ReleasedStage kStage>
struct AssembleBlocks {
  static constexpr int kThreads = 64;

  View view;

  static constexpr size_t SharedBytes() { return 0; }
  int NumBlocks(const BatchCounts& most) const { return most.blocks; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->blocks) return;
    const MatrixBlock at = view.blocks[index];
    if (!TakesPart(Sweep::kLinearize, view.states[at.chunk])) return;
    const Chunk& chunk = view.chunks[at.chunk];
    const BlockPart* parts = view.parts + at.parts.first;
    block.For(at.rows * at.columns, [&](int i) {
      const int r = i / at.columns, c = i % at.columns;
      const int row = at.row + r, column = at.column + c;
      if (column > row) return;
      double sum = 0;
      if (IsFixed<kStage>(chunk, row) || IsFixed<kStage>(chunk, column)) {
        sum = row == column ? 1 : 0;
      } else {
        sum = SumParts(at.parts.count, [&](int p) {
          const BlockPart& part = parts[p];
          return view
              .systems[part.system + static_cast<int64_t>(part.row + r) * part.unknowns + part.column + c];
        });
      }
      view.matrix[chunk.first_entry + static_cast<int64_t>(row) * chunk.num_unknowns() + column] = sum;
    });
    if (at.row != at.column) return;
    block.For(at.rows, [&](int r) {
      double sum = 0;
      if (!IsFixed<kStage>(chunk, at.row + r)) {
        sum = SumParts(at.parts.count, [&](int p) {
          const BlockPart& part = parts[p];
          return view
              .systems[part.system + static_cast<int64_t>(part.unknowns) * part.unknowns + part.row + r];
        });
      }
      view.gradient[chunk.first_unknown + at.row + r] = sum;
    });
  }

 private:
  // In order, but read several at a time: the focal length's row has a part from every pair.
  template <class PartOf>
  FOOTHOLD_HD static double SumParts(int count, const PartOf& part_of) {
    constexpr int kAtATime = 8;
    double sum = 0;
    for (int first = 0; first < count; first += kAtATime) {
      double part[kAtATime];
      FOOTHOLD_UNROLL
      for (int k = 0; k < kAtATime; ++k) part[k] = first + k < count ? part_of(first + k) : 0.0;
      FOOTHOLD_UNROLL
      for (int k = 0; k < kAtATime; ++k) sum += part[k];
    }
    return sum;
  }
};

}  // namespace foothold::batch
