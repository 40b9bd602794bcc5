// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/spill_resource.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"

namespace foothold {
namespace {

TEST(SpillResource, KeepsSmallThingsInMemory) {
  SpillResource memory(1 << 20, testing::TempDir());
  const std::pmr::vector<int> numbers(1000, 7, &memory);
  EXPECT_EQ(memory.spilled_bytes(), 0u);
}

TEST(SpillResource, LaysTheRestInAFileWithoutAName) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "spill_resource";
  std::filesystem::create_directories(folder);
  SpillResource memory(1 << 20, folder);
  {
    std::pmr::vector<uint32_t> numbers(&memory);
    numbers.reserve(40 << 20 >> 2);
    for (uint32_t n = 0; n < (40 << 20 >> 2); ++n) numbers.push_back(n);
    EXPECT_GE(memory.spilled_bytes(), size_t{40} << 20);
    EXPECT_TRUE(std::filesystem::is_empty(folder));
    EXPECT_EQ(numbers[5], 5u);
    EXPECT_EQ(numbers.back(), numbers.size() - 1);
  }
  EXPECT_EQ(memory.spilled_bytes(), 0u) << "nothing is used any more";
}

TEST(SpillResource, SmallPiecesShareAFile) {
  SpillResource memory(0, testing::TempDir());
  std::vector<std::pmr::vector<double>> pieces;
  for (int n = 0; n < 1000; ++n) pieces.emplace_back(100, n, &memory);
  EXPECT_EQ(memory.spilled_bytes(), size_t{64} << 20);
  for (int n = 0; n < 1000; ++n) EXPECT_EQ(std::reduce(pieces[n].begin(), pieces[n].end()), 100.0 * n);
  pieces.resize(1);
  EXPECT_EQ(memory.spilled_bytes(), size_t{64} << 20);
  EXPECT_EQ(pieces[0][99], 0);
}

TEST(SpillResource, FreedMemoryIsUsedAgain) {
  SpillResource memory(8000, testing::TempDir());
  for (int n = 0; n < 3; ++n) const std::pmr::vector<double> numbers(1000, n, &memory);
  EXPECT_EQ(memory.spilled_bytes(), 0u);
}

TEST(SpillResource, ServesManyThreads) {
  SpillResource memory(1 << 16, testing::TempDir());
  ParallelFor(64, 4, [&](int n) {
    for (int k = 1; k <= 50; ++k) {
      const std::pmr::vector<int> numbers(100 * k, n, &memory);
      EXPECT_EQ(std::reduce(numbers.begin(), numbers.end()), 100 * k * n);
    }
  });
  EXPECT_EQ(memory.spilled_bytes(), 0u);
}

constexpr char kRemedy[] = "set josh.spill_dir";

void ExpectNoRoom(SpillResource* memory) {
  try {
    const std::pmr::vector<char> bytes(1000, 'x', memory);
    FAIL() << "there was room";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("josh.spill_dir"), std::string::npos) << error.what();
  }
}

TEST(SpillResource, SaysWhereItFoundNoFolder) {
  SpillResource memory(0, "/nonexistent/folder", kRemedy);
  ExpectNoRoom(&memory);
}

TEST(SpillResource, SaysWhereItFoundNoRoom) {
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 1 << 20, before.rlim_max };
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  SpillResource memory(0, testing::TempDir(), kRemedy);
  ExpectNoRoom(&memory);
  EXPECT_EQ(memory.spilled_bytes(), 0u);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
}

}  // namespace
}  // namespace foothold
