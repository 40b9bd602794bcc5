// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/batch/layout.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "batch_cases.h"
#include "foothold/josh/batch/prepare.h"

namespace foothold::batch {
namespace {

std::vector<Size> NiceSizes() {
  std::vector<Size> sizes;
  for (const JointProblem& problem : NiceProblems()) sizes.push_back(PrepareChunk(problem, Stick(), {}).size);
  return sizes;
}

TEST(BatchLayout, BucketsHoldWithLittleWaste) {
  Size size;
  for (const Size& chunk : NiceSizes()) {
    size = size + chunk;
    const Size bucket = Bucket(size);
    EXPECT_GE(bucket.matches, size.matches);
    EXPECT_LE(static_cast<double>(bucket.matches), 1.125 * static_cast<double>(size.matches));
    EXPECT_GE(bucket.max_unknowns, size.max_unknowns);
    EXPECT_EQ(Bucket(bucket), bucket);
  }
}

TEST(BatchLayout, ArraysFollowEachOtherInsideTheirBlocks) {
  const Size size = NiceSizes()[1];
  const Layout layout = LayoutOf(size);
  std::vector<unsigned char> input(layout.input_bytes), work(layout.work_bytes), output(layout.output_bytes);
  const View view = MakeView(size, input.data(), work.data(), output.data());
  EXPECT_EQ(static_cast<void*>(view.counts), input.data());
  EXPECT_EQ(reinterpret_cast<unsigned char*>(view.chunks) - input.data(), 256);
  EXPECT_GE(reinterpret_cast<unsigned char*>(view.pairs) - reinterpret_cast<unsigned char*>(view.chunks),
            static_cast<int64_t>(sizeof(Chunk)));
  const auto* last = reinterpret_cast<unsigned char*>(view.raw.confidence + size.matches);
  EXPECT_LE(last, input.data() + input.size());
  EXPECT_LE(reinterpret_cast<unsigned char*>(view.step + size.unknowns), work.data() + work.size());
  EXPECT_LE(reinterpret_cast<unsigned char*>(view.records + 2 * size.max_records),
            output.data() + output.size());
}

TEST(BatchLayout, PlansWithinTheBudget) {
  std::vector<Size> chunks;
  for (int copies = 0; copies < 5; ++copies) {
    for (const Size& size : NiceSizes()) chunks.push_back(size);
  }
  size_t largest_bytes = 0;
  for (const Size& size : chunks)
    largest_bytes = std::max(largest_bytes, LayoutOf(Bucket(size)).total_bytes());
  for (const size_t budget_bytes : {largest_bytes, 3 * largest_bytes, size_t{1} << 40}) {
    const auto batches = PlanBatches(chunks, budget_bytes);
    std::vector<int> seen;
    for (const std::vector<int>& batch : batches) {
      Size total;
      for (const int c : batch) total = total + chunks[c];
      EXPECT_LE(LayoutOf(Bucket(total)).total_bytes(), budget_bytes);
      seen.insert(seen.end(), batch.begin(), batch.end());
    }
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen.size(), chunks.size());
    for (size_t c = 0; c < seen.size(); ++c) EXPECT_EQ(seen[c], static_cast<int>(c));
    // Two classes of keyframes: up to 8, up to 16.
    if (budget_bytes == largest_bytes) {
      EXPECT_GT(batches.size(), 5u);
    } else if (budget_bytes == size_t{1} << 40) {
      EXPECT_EQ(batches.size(), 2u);
    }
  }
  EXPECT_TRUE(PlanBatches(chunks, 1000).empty());
}

}  // namespace
}  // namespace foothold::batch
