// SPDX-License-Identifier: Apache-2.0
#include "corpus_simulation/cluster_simulator.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace foothold {
namespace {

TEST(ClusterSimulator, SixtyFourRanksHaveAShortTail) {
  for (const uint64_t seed : {1, 2}) {
    SimulatedCluster cluster;
    cluster.seed = seed;
    const SimulatedJob job = Simulate(cluster);
    EXPECT_EQ(job.unfinished, 0);
    EXPECT_LE(job.idle_tail, 0.02);
    EXPECT_GE(job.efficiency, 0.96);
    // docs/operations.md states the number.
    EXPECT_LE(job.operations_per_unit, 40);
  }
}

TEST(ClusterSimulator, ManyDeathsCostTimeButNoUnit) {
  SimulatedCluster cluster;
  cluster.ranks = 40;
  cluster.units_per_rank = 20;
  cluster.death_share = 0.5;
  cluster.failure_share = 0.1;
  const SimulatedJob job = Simulate(cluster);
  EXPECT_GE(job.deaths, 10);
  EXPECT_EQ(job.unfinished, 0);
  // An attempt for each unit, each death and each failure; few more.
  EXPECT_LE(job.attempts, job.units + job.deaths + job.units / 5);
}

TEST(ClusterSimulator, WithoutMishapsEachUnitIsBegunOnce) {
  SimulatedCluster cluster;
  cluster.ranks = 100;
  cluster.units_per_rank = 10;
  cluster.death_share = cluster.failure_share = 0;
  const SimulatedJob job = Simulate(cluster);
  EXPECT_EQ(job.unfinished, 0);
  EXPECT_EQ(job.attempts, job.units);
}

TEST(ClusterSimulator, FiveHundredAndTwelveRanksAreEfficient) {
  if (std::getenv("FOOTHOLD_TEST_ALL") == nullptr) GTEST_SKIP() << "SKIPPED: set FOOTHOLD_TEST_ALL";
  SimulatedCluster cluster;
  cluster.ranks = 512;
  const SimulatedJob job = Simulate(cluster);
  EXPECT_EQ(job.unfinished, 0);
  EXPECT_GE(job.efficiency, 0.97);
}

}  // namespace
}  // namespace foothold
