// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "foothold/base/error.h"

namespace foothold {
namespace {

TEST(ParallelFor, EveryIndexOnce) {
  for (int threads : {-1, 0, 1, 2, 7, 100}) {
    std::vector<std::atomic<int>> calls(53);
    ParallelFor(53, threads, [&](int i) { ++calls[i]; });
    for (const auto& count : calls) EXPECT_EQ(count.load(), 1) << threads << " threads";
  }
  ParallelFor(0, 4, [](int) { FAIL(); });
  ParallelFor(-3, 4, [](int) { FAIL(); });
}

TEST(ParallelFor, UsesSeveralThreads) {
  std::atomic<int> arrived{0};
  // Both calls wait for each other, so this ends only if two threads run at the same time.
  ParallelFor(2, 2, [&](int) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

TEST(ParallelFor, SmallestFailureIsThrown) {
  for (int threads : {1, 4}) {
    for (int repeat = 0; repeat < 50; ++repeat) {
      try {
        ParallelFor(200, threads, [](int i) {
          if (i % 10 == 7) throw std::runtime_error(std::to_string(i));
        });
        FAIL() << "no exception";
      } catch (const std::runtime_error& error) {
        ASSERT_STREQ(error.what(), "7");
      }
    }
  }
}

TEST(ParallelFor, WorkersKnowTheClip) {
  const ErrorContext context("clip_a");
  std::vector<std::string> clip_ids(8);
  ParallelFor(8, 4, [&](int i) { clip_ids[i] = ErrorContext::ClipId(); });
  EXPECT_EQ(std::set<std::string>(clip_ids.begin(), clip_ids.end()), std::set<std::string>{"clip_a"});
}

}  // namespace
}  // namespace foothold
