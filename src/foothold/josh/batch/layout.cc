// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/batch/layout.h"

#include <algorithm>
#include <bit>
#include <map>

#include "foothold/josh/batch/block.h"

namespace foothold::batch {
namespace {

// Every length of Size that adds up.
constexpr int64_t Size::*kSums[] = {&Size::chunks,
                                    &Size::pairs,
                                    &Size::tiles,
                                    &Size::groups,
                                    &Size::residuals,
                                    &Size::blocks,
                                    &Size::parts,
                                    &Size::cameras,
                                    &Size::cores,
                                    &Size::matches,
                                    &Size::packed,
                                    &Size::unknowns,
                                    &Size::entries,
                                    &Size::systems};

// Keyframes whose chunks go together: unequal ones would wait for the largest.
constexpr int64_t kKeyframeStep = 8;

int64_t RoundUp(int64_t value) {
  if (value <= 16) return value;
  const int64_t step = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(value))) / 8;
  return (value + step - 1) / step * step;
}

// Hands out consecutive arrays of one block of memory. Without a block it only counts.
class Carver {
 public:
  explicit Carver(void* base) : base_(static_cast<char*>(base)) {}
  template <class T>
  void Take(int64_t count, T** out) {
    constexpr size_t kAlignment = 256;
    *out = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += (static_cast<size_t>(count) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  }
  size_t used() const { return used_; }

 private:
  char* base_;
  size_t used_ = 0;
};

void TakeInput(const Size& size, View* view, Carver* from) {
  from->Take(1, &view->counts);
  from->Take(size.chunks, &view->chunks);
  from->Take(size.pairs, &view->pairs);
  from->Take(size.tiles, &view->tiles);
  from->Take(size.groups, &view->groups);
  from->Take(size.residuals, &view->residuals);
  from->Take(size.blocks, &view->blocks);
  from->Take(size.parts, &view->parts);
  from->Take(size.cameras, &view->initial_cameras);
  from->Take(size.cameras, &view->median_depth_m);
  from->Take(size.cameras, &view->base_focal_px);
  // From here on the bulk, which is sent chunk by chunk (ForEachBulk).
  from->Take(size.cores, &view->core_depth_m);
  RawMatches& raw = view->raw;
  for (uint16_t** field : {&raw.x1, &raw.y1, &raw.x2, &raw.y2, &raw.anchor1, &raw.anchor2}) {
    from->Take(size.matches, field);
  }
  for (float** field : {&raw.omega1, &raw.omega2, &raw.confidence}) from->Take(size.matches, field);
}

void TakeWork(const Size& size, View* view, Carver* from) {
  // A bucket's length need not be a number of whole groups, and readers read ahead.
  from->Take((size.packed + (1 + kMaxReadAhead) * kTileThreads) * kPackedFields, &view->packed);
  from->Take(size.tiles, &view->tile_confidence);
  from->Take(size.cameras, &view->cameras);
  from->Take(size.cameras, &view->candidates);
  from->Take(size.chunks, &view->states);
  from->Take(2 * size.pairs, &view->directions);
  from->Take(kMaxTileSums * size.tiles, &view->tile_sums);
  from->Take(size.tiles, &view->tile_cost);
  from->Take(size.residuals, &view->residual_costs);
  from->Take(size.groups, &view->group_cost);
  from->Take(size.systems, &view->systems);
  from->Take(size.entries, &view->matrix);
  from->Take(size.entries + size.unknowns, &view->factor);
  for (double** field : {&view->gradient, &view->scale, &view->step}) from->Take(size.unknowns, field);
}

void TakeOutput(const Size& size, View* view, Carver* from) {
  from->Take(kNumStages * size.chunks, &view->results);
  for (Camera*& cameras : view->results_cameras) from->Take(size.cameras, &cameras);
  from->Take(kNumStages * size.chunks * size.max_records, &view->records);
}

}  // namespace

Size operator+(const Size& a, const Size& b) {
  Size sum;
  for (const auto field : kSums) sum.*field = a.*field + b.*field;
  sum.max_unknowns = std::max(a.max_unknowns, b.max_unknowns);
  sum.max_records = std::max(a.max_records, b.max_records);
  return sum;
}

Size Bucket(const Size& size) {
  Size bucket = size;
  for (const auto field : kSums) bucket.*field = RoundUp(size.*field);
  const int64_t keyframes = size.max_unknowns / kUnknownsPerCamera;
  bucket.max_unknowns =
      (keyframes + kKeyframeStep - 1) / kKeyframeStep * kKeyframeStep * kUnknownsPerCamera + 1;
  return bucket;
}

Layout LayoutOf(const Size& size) {
  View view;
  Carver input(nullptr), work(nullptr), output(nullptr);
  TakeInput(size, &view, &input);
  TakeWork(size, &view, &work);
  TakeOutput(size, &view, &output);
  return {input.used(), work.used(), output.used()};
}

View MakeView(const Size& size, void* input, void* work, void* output) {
  View view{};
  Carver from_input(input), from_work(work), from_output(output);
  TakeInput(size, &view, &from_input);
  TakeWork(size, &view, &from_work);
  TakeOutput(size, &view, &from_output);
  view.max_records = static_cast<int>(size.max_records);
  return view;
}

BatchCounts CountsOf(const Size& size) {
  return {static_cast<int>(size.chunks),
          static_cast<int>(size.pairs),
          static_cast<int>(size.tiles),
          static_cast<int>(size.groups),
          static_cast<int>(size.blocks)};
}

std::vector<std::vector<int>> PlanBatches(const std::vector<Size>& chunks, size_t budget_bytes) {
  std::map<int64_t, std::vector<int>> by_bucket;
  for (size_t c = 0; c < chunks.size(); ++c) {
    by_bucket[Bucket(chunks[c]).max_unknowns].push_back(static_cast<int>(c));
  }
  const auto fits = [&](const Size& size) { return LayoutOf(Bucket(size)).total_bytes() <= budget_bytes; };
  std::vector<std::vector<int>> batches;
  for (const auto& [unknowns, members] : by_bucket) {
    Size size;
    std::vector<int> batch;
    for (const int c : members) {
      if (!fits(chunks[c])) continue;
      if (!batch.empty() && !fits(size + chunks[c])) {
        batches.push_back(std::move(batch));
        batch.clear();
        size = {};
      }
      batch.push_back(c);
      size = size + chunks[c];
    }
    if (!batch.empty()) batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace foothold::batch
