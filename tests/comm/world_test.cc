// SPDX-License-Identifier: Apache-2.0
#include "foothold/comm/world.h"

#include <gtest/gtest.h>

namespace foothold {
namespace {

TEST(LaunchInfo, NothingLaunchedMeansOneProcess) {
  const LaunchInfo info = ReadLaunchInfo({{"PATH", "/bin"}});
  EXPECT_EQ(info.kind, LaunchInfo::Kind::kSingle);
  EXPECT_EQ(info.size, 1);
}

TEST(LaunchInfo, Mpirun) {
  const LaunchInfo info = ReadLaunchInfo({{"OMPI_COMM_WORLD_SIZE", "4"},
                                          {"OMPI_COMM_WORLD_RANK", "3"},
                                          {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                          {"PMIX_RANK", "3"}});
  EXPECT_EQ(info.kind, LaunchInfo::Kind::kMpi);
  EXPECT_EQ(info.rank, 3);
  EXPECT_EQ(info.size, 4);
  EXPECT_EQ(info.local_rank, 1);
}

TEST(LaunchInfo, MpirunThatSurvivesDeadRanksHasIndependentRanks) {
  const LaunchInfo info = ReadLaunchInfo({{"OMPI_COMM_WORLD_SIZE", "4"},
                                          {"OMPI_COMM_WORLD_RANK", "3"},
                                          {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                          {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                                          {"OMPI_MCA_orte_enable_recovery", "1"},
                                          {"PMIX_RANK", "3"}});
  EXPECT_EQ(info.kind, LaunchInfo::Kind::kIndependent);
  EXPECT_EQ(info.rank, 3);
  EXPECT_EQ(info.size, 4);
  EXPECT_EQ(info.local_rank, 1);
  EXPECT_EQ(info.local_size, 2);
}

TEST(LaunchInfo, SrunWithAndWithoutPmix) {
  std::map<std::string, std::string> environment = {{"SLURM_STEP_ID", "0"},
                                                    {"SLURM_PROCID", "2"},
                                                    {"SLURM_STEP_NUM_TASKS", "6"},
                                                    {"SLURM_NTASKS", "6"},
                                                    {"SLURM_LOCALID", "2"}};
  LaunchInfo info = ReadLaunchInfo(environment);
  EXPECT_EQ(info.kind, LaunchInfo::Kind::kIndependent);
  EXPECT_EQ(info.rank, 2);
  EXPECT_EQ(info.size, 6);
  environment["PMIX_RANK"] = "2";
  info = ReadLaunchInfo(environment);
  EXPECT_EQ(info.kind, LaunchInfo::Kind::kMpi);
  EXPECT_EQ(info.local_rank, 2);
}

TEST(LaunchInfo, BatchScriptItselfIsOneProcess) {
  const LaunchInfo info =
      ReadLaunchInfo({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "7"}});
  EXPECT_EQ(info.kind, LaunchInfo::Kind::kSingle);
  EXPECT_EQ(info.size, 1);
}

TEST(World, WorksWithoutLauncher) {
  World world;
  EXPECT_EQ(world.rank(), 0);
  EXPECT_EQ(world.size(), 1);
  world.Agree("options", "any text");
  EXPECT_EQ(world.Max(7), 7);
  EXPECT_EQ(world.Sum({1, -2}), (std::vector<long>{1, -2}));
}

}  // namespace
}  // namespace foothold
