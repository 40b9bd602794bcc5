// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/block.h"
#include "foothold/josh/batch/view.h"

namespace foothold::batch {

// The released kernel has no limit.
constexpr double kNoLimit = 1e15;

// Every residual of the match terms, once per sweep: the kernel that moves the data.
//
// Thread t of a tile takes matches t, t + kTileThreads, ... in float (some sixteen: 1e-6 of the sum),
// which keeps loads coalesced; then the threads' sums are added in double, in an order that depends on
// nothing but the layout below.

template <class T>
FOOTHOLD_HD const T& SumAt(const AlignSums<T>& sums, int k) {
  return k == 0 ? sums.cost : sums.moment[k - 1];
}
template <class T>
FOOTHOLD_HD const T& SumAt(const ReprojectSums<T>& sums, int k) {
  constexpr int kMoments = kNumReprojectMoments;
  return k == 0 ? sums.cost : (k <= kMoments ? sums.moment[k - 1] : sums.gradient[k - 1 - kMoments]);
}

template <class T>
FOOTHOLD_HD PointModel<T> InLanes(const PointModel<float>& from) {
  PointModel<T> to;
  for (int e = 0; e < 9; ++e) to.rays.data[e] = T(from.rays.data[e]);
  to.shift = T(from.shift);
  to.stretch = T(from.stretch);
  to.zoom = T(from.zoom);
  return to;
}
template <class T>
FOOTHOLD_HD Vec<T, 3> InLanes(const Vec<float, 3>& from) {
  return {T(from[0]), T(from[1]), T(from[2])};
}

template <class T>
struct TwoEnds {
  MatchEnd<T> source, target;  // In stage 2 only the pixel of `target`.
  T confidence;
};

// `match`: its first field; end 0 or 1.
template <class Block>
FOOTHOLD_HD MatchEnd<typename Block::Lanes> LoadEnd(const float* match, int end) {
  const float* fields = match + end * kFieldsPerEnd * kTileThreads;
  return {Block::Load(fields + kX * kTileThreads),
          Block::Load(fields + kY * kTileThreads),
          Block::Load(fields + kCore * kTileThreads),
          Block::Load(fields + kOmegaM1 * kTileThreads)};
}
template <class Block>
FOOTHOLD_HD typename Block::Lanes LoadConfidence(const float* match) {
  return Block::Load(match + kConfidence * kTileThreads);
}

template <ReleasedStage kStage, bool kDerivatives>
struct SumTiles {
  static constexpr bool kReproject = kStage == ReleasedStage::kReproject;
  static constexpr int kThreads = kTileThreads;
  static constexpr int kSums = !kDerivatives ? 1 : (kReproject ? kReprojectTileSums : kAlignTileSums);
  // In which threads' sums are added side by side: as many as give each thread one sum of a segment.
  static constexpr int kSegments = kTileThreads / kSums < 8 ? kTileThreads / kSums : 8;

  View view;
  Sweep sweep;

  // Sums of every thread, then of every segment, then costs of both directions.
  static constexpr size_t SharedBytes() {
    return kTileThreads * kSums * sizeof(float) + (kSegments * kSums + 2) * sizeof(double);
  }
  int NumBlocks(const BatchCounts& most) const { return most.tiles; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->tiles) return;
    const Tile tile = view.tiles[index];
    const State& state = view.states[tile.chunk];
    if (!TakesPart(sweep, state)) return;
    const Cusp cusp = sweep == Sweep::kReport ? state.last_match_cusp[kReproject ? 1 : 0] : state.match_cusp;
    const auto kernel =
        MakeSmoothKernel<typename Block::Lanes>(cusp.gamma, cusp.offset, cusp.epsilon, 1, kNoLimit);
    double* costs =
        reinterpret_cast<double*>(block.template Shared<float>() + kTileThreads * kSums) + kSegments * kSums;
    double* out = view.tile_sums + static_cast<int64_t>(index) * kMaxTileSums;
    const DirectionModel* models = view.directions + 2 * static_cast<int64_t>(tile.pair);
    if constexpr (kReproject) {
      // Direction 0 looks from the first keyframe at points of the second, as Evaluate does.
      const Chunk& chunk = view.chunks[tile.chunk];
      Reproject<1>(block, tile, chunk, models[0], kernel, out, costs);
      Reproject<0>(block, tile, chunk, models[1], kernel, out + kSums, costs + 1);
    } else {
      Align(block, tile, models[0], kernel, out, costs);
    }
    block.Once([&] { view.tile_cost[index] = kReproject ? costs[0] + costs[1] : costs[0]; });
  }

 private:
  template <class Block>
  FOOTHOLD_HD void Align(Block& block,
                         const Tile& tile,
                         const DirectionModel& model,
                         const SmoothKernel<typename Block::Lanes>& kernel,
                         double* out,
                         double* cost) const {
    using T = typename Block::Lanes;
    const auto source = InLanes<T>(model.source), target = InLanes<T>(model.target);
    const auto translation = InLanes<T>(model.translation_m);
    const auto load = [&](const float* match) -> TwoEnds<T> {
      return {LoadEnd<Block>(match, 0), LoadEnd<Block>(match, 1), LoadConfidence<Block>(match)};
    };
    const auto add = [&](const TwoEnds<T>& ends, AlignSums<T>* sums) {
      AddAlignment<kDerivatives>(
          source, target, translation, kernel, ends.source, ends.target, ends.confidence, sums);
    };
    Sum<AlignSums<T>>(block, tile, load, add, out, cost);
  }

  // Looks at points of end kSource from the other.
  template <int kSource, class Block>
  FOOTHOLD_HD void Reproject(Block& block,
                             const Tile& tile,
                             const Chunk& chunk,
                             const DirectionModel& model,
                             const SmoothKernel<typename Block::Lanes>& kernel,
                             double* out,
                             double* cost) const {
    using T = typename Block::Lanes;
    const auto source = InLanes<T>(model.source);
    const float center[2] = {chunk.half_width, chunk.half_height};
    ProjectionModel<T> projection;
    projection.translation = InLanes<T>(model.translation_m);
    projection.focal = T(model.focal_px);
    projection.min_depth = T(static_cast<float>(kMinProjectDepth_m));
    projection.min_depth_ratio = T(0);
    for (int a = 0; a < 2; ++a) {
      projection.center[a] = T(center[a]);
      projection.low[a] = T(static_cast<float>(kMinProjection_px) - center[a]);
      projection.high[a] = T(static_cast<float>(kMaxProjection_px) - center[a]);
    }
    const auto load = [&](const float* match) {
      const float* target = match + (1 - kSource) * kFieldsPerEnd * kTileThreads;
      TwoEnds<T> ends;
      ends.source = LoadEnd<Block>(match, kSource);
      ends.target.x = Block::Load(target + kX * kTileThreads);
      ends.target.y = Block::Load(target + kY * kTileThreads);
      ends.confidence = LoadConfidence<Block>(match);
      return ends;
    };
    const auto add = [&](const TwoEnds<T>& ends, ReprojectSums<T>* sums) {
      AddReprojection<kDerivatives>(
          source, projection, kernel, ends.source, ends.target.x, ends.target.y, ends.confidence, sums);
    };
    Sum<ReprojectSums<T>>(block, tile, load, add, out, cost);
  }

  // load(pointer to fields) gives the matches from there on, add(matches, sums) adds them.
  template <class Sums, class Block, class Load, class Add>
  FOOTHOLD_HD void Sum(
      Block& block, const Tile& tile, const Load& load, const Add& add, double* out, double* cost) const {
    float* rows = block.template Shared<float>();
    double* segments = reinterpret_cast<double*>(rows + kTileThreads * kSums);
    constexpr int kRows = (kTileThreads + kSegments - 1) / kSegments;
    block.ForLanes(kTileThreads, [&](int thread) {
      Sums sums;
      sums.SetZero();
      // Matches are read some way ahead, beyond the tile's end too: a GPU has too few threads here to hide
      // the latency of memory.
      constexpr int kAhead = Block::kReadAhead;
      const float* match = view.packed + PackedOffset(tile.first_packed) + thread;
      decltype(load(match)) ahead[kAhead];
      FOOTHOLD_UNROLL
      for (int k = 0; k < kAhead; ++k) ahead[k] = load(match + k * kPackedGroup);
      for (int m = 0; m < tile.padded; m += kTileThreads, match += kPackedGroup) {
        const auto ends = ahead[0];
        FOOTHOLD_UNROLL
        for (int k = 0; k + 1 < kAhead; ++k) ahead[k] = ahead[k + 1];
        ahead[kAhead - 1] = load(match + kAhead * kPackedGroup);
        add(ends, &sums);
      }
      FOOTHOLD_UNROLL
      for (int k = 0; k < kSums; ++k) Block::Spread(SumAt(sums, k), rows + thread * kSums + k, kSums);
    });
    block.For(kSegments * kSums, [&](int i) {
      const int first = i / kSums * kRows, end = first + kRows < kTileThreads ? first + kRows : kTileThreads;
      double sum = 0;
      for (int r = first; r < end; ++r) sum += static_cast<double>(rows[r * kSums + i % kSums]);
      segments[i] = sum;
    });
    block.For(kSums, [&](int k) {
      double sum = 0;
      for (int s = 0; s < kSegments; ++s) sum += segments[s * kSums + k];
      if (kDerivatives) out[k] = sum;
      if (k == 0) *cost = sum;
    });
  }
};

}  // namespace foothold::batch
