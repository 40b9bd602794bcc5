// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/most_similar.h"

#include <algorithm>
#include <limits>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/geometry/lanes.h"

namespace foothold {
namespace {

constexpr int kLanes = Float8::kLanes;
constexpr int kQueries = 2 * kLanes;  // Queries side by side in registers.
constexpr int kPixels = 4;  // Pixels in flight: with two registers of sums each, enough to hide latency.
constexpr int kTilePixels = 512;  // Of 24 channels: 48 KiB.

// Queries in columns, the best score of each so far, and where it was.
struct QueryBlock {
  std::vector<float> columns;  // [channels][kQueries]
  Float8 best[2];
  Int8::Native index[2];
};

template <int kCount>
void ScorePixels(const float* pixels, int channels, int first_index, QueryBlock* block) {
  Float8 sums[kCount][2];
  for (int p = 0; p < kCount; ++p) sums[p][0] = sums[p][1] = Float8(0.0f);
  for (int c = 0; c < channels; ++c) {
    const Float8 low = Float8::Load(&block->columns[static_cast<size_t>(c) * kQueries]);
    const Float8 high = Float8::Load(&block->columns[static_cast<size_t>(c) * kQueries + kLanes]);
    for (int p = 0; p < kCount; ++p) {
      const Float8 value(pixels[p * channels + c]);
      sums[p][0] = sums[p][0] + low * value;
      sums[p][1] = sums[p][1] + high * value;
    }
  }
  for (int p = 0; p < kCount; ++p) {
    const Int8::Native here = Int8::Native{} + (first_index + p);
    for (int half = 0; half < 2; ++half) {
      const Int8 better = block->best[half] < sums[p][half];  // Strictly: of equals the first stays.
      block->best[half] = Select(better, sums[p][half], block->best[half]);
      block->index[half] = better.v ? here : block->index[half];
    }
  }
}

QueryBlock MakeBlock(const ImageF& queries_map, const std::vector<int>& queries, size_t first) {
  QueryBlock block;
  const int channels = queries_map.channels;
  block.columns.assign(static_cast<size_t>(channels) * kQueries, 0.0f);
  const size_t count = std::min<size_t>(kQueries, queries.size() - first);
  for (size_t q = 0; q < count; ++q) {
    const float* descriptor = &queries_map.data[static_cast<size_t>(queries[first + q]) * channels];
    for (int c = 0; c < channels; ++c) block.columns[static_cast<size_t>(c) * kQueries + q] = descriptor[c];
  }
  for (int half = 0; half < 2; ++half) {
    block.best[half] = Float8(-std::numeric_limits<float>::infinity());
    block.index[half] = Int8::Native{};
  }
  return block;
}

// All of `map` against blocks [begin, end), a tile of pixels at a time.
void ScoreMap(const ImageF& map, std::vector<QueryBlock>* blocks, size_t begin, size_t end) {
  const int num_pixels = map.width * map.height, channels = map.channels;
  for (int tile = 0; tile < num_pixels; tile += kTilePixels) {
    const int tile_end = std::min(tile + kTilePixels, num_pixels);
    for (size_t b = begin; b < end; ++b) {
      int i = tile;
      for (; i + kPixels <= tile_end; i += kPixels) {
        ScorePixels<kPixels>(&map.data[static_cast<size_t>(i) * channels], channels, i, &(*blocks)[b]);
      }
      for (; i < tile_end; ++i) {
        ScorePixels<1>(&map.data[static_cast<size_t>(i) * channels], channels, i, &(*blocks)[b]);
      }
    }
  }
}

}  // namespace

std::vector<int> MostSimilarPixels(const ImageF& map,
                                   const ImageF& queries_map,
                                   const std::vector<int>& queries,
                                   int threads) {
  FOOTHOLD_CHECK(!map.empty() && map.channels == queries_map.channels,
                 "descriptor maps differ in channels or are empty");
  std::vector<QueryBlock> blocks;
  for (size_t first = 0; first < queries.size(); first += kQueries) {
    blocks.push_back(MakeBlock(queries_map, queries, first));
  }
  const size_t parts = std::min<size_t>(std::max(threads, 1), blocks.size());
  ParallelFor(static_cast<int>(parts), threads, [&](int part) {
    ScoreMap(map, &blocks, blocks.size() * part / parts, blocks.size() * (part + 1) / parts);
  });
  std::vector<int> found(queries.size());
  for (size_t q = 0; q < queries.size(); ++q) {
    const size_t lane = q % kQueries;
    found[q] = blocks[q / kQueries].index[lane / kLanes][lane % kLanes];
  }
  return found;
}

}  // namespace foothold
