// SPDX-License-Identifier: Apache-2.0
// The same global batch on 1, 2 and 4 ranks.
#include <gtest/gtest.h>

#include "support/temporary_folder.h"
#include "train/training_runs.h"

namespace foothold {
namespace {

const std::vector<std::string> kHeldOut = {
    "--held-out=held-out", "--train.validate_every=4", "--train.validation_batches=2"};

TrainingRun Train(const TemporaryFolder& folder,
                  const std::string& name,
                  int ranks,
                  std::vector<std::string> more) {
  TrainingCase training;
  training.output = folder.File(name);
  training.ranks = ranks;
  training.steps = TestAll() ? 50 : 6;
  training.more = std::move(more);
  TrainingRun run = RunTraining(training);
  EXPECT_EQ(run.result.exit_code, 0) << run.result.output;
  EXPECT_EQ(run.losses.size(), static_cast<size_t>(training.steps));
  EXPECT_FALSE(run.model.empty());
  return run;
}

// With a learning rate at which training is stable: at ten times that, rounding grows to percents.
TEST(Ranks, LossesAgree) {
  const TemporaryFolder folder;
  const TrainingRun one = Train(folder, "1", 0, kHeldOut);
  for (const int ranks : {2, 4}) {
    const TrainingRun other = Train(folder, std::to_string(ranks), ranks, kHeldOut);
    EXPECT_LE(LargestDifference(one, other), 1e-4) << ranks << " ranks";
  }
}

// Three batches that come again and again.
TEST(Ranks, OneRankLearns) {
  const TemporaryFolder folder;
  TrainingCase training;
  training.output = folder.File("run");
  training.steps = 60;
  training.more = {"--train.learning_rate=0.003"};
  const TrainingRun run = RunTraining(training);
  ASSERT_EQ(run.losses.size(), 60u) << run.result.output;
  const auto epoch = [&](long first) {
    return run.losses.at(first) + run.losses.at(first + 1) + run.losses.at(first + 2);
  };
  EXPECT_LT(epoch(58), 0.8 * epoch(1));
}

TEST(Ranks, FixedOrderGivesTheSameBits) {
  const TemporaryFolder folder;
  std::vector<std::string> more = kHeldOut;
  more.push_back("--train.micro_shards=4");
  const TrainingRun one = Train(folder, "1", 0, more);
  for (const int ranks : {2, 4}) {
    const TrainingRun other = Train(folder, std::to_string(ranks), ranks, more);
    EXPECT_EQ(LargestDifference(one, other), 0) << ranks << " ranks";
    EXPECT_TRUE(one.model == other.model) << ranks << " ranks";
  }
}

// Whoever holds the optimiser's state.
TEST(Ranks, ShardedOptimizerGivesTheSameBits) {
  const TemporaryFolder folder;
  const TrainingRun whole = Train(folder, "whole", 2, {"--train.micro_shards=2"});
  const TrainingRun sharded =
      Train(folder, "sharded", 2, {"--train.micro_shards=2", "--train.shard_optimizer=true"});
  EXPECT_EQ(LargestDifference(whole, sharded), 0);
  EXPECT_TRUE(whole.model == sharded.model);
}

TEST(Ranks, FrozenBackboneStaysAsItWas) {
  const TemporaryFolder folder;
  const TrainingRun frozen = Train(folder, "frozen", 0, {"--train.train_backbone=false"});
  const TrainingRun trained = Train(folder, "trained", 0, {});
  EXPECT_EQ(frozen.losses.begin()->second, trained.losses.begin()->second);
  EXPECT_NE(frozen.losses.rbegin()->second, trained.losses.rbegin()->second);
}

TEST(Ranks, UnevenSharesAreRefused) {
  const TemporaryFolder folder;
  TrainingCase training;
  training.output = folder.File("run");
  training.ranks = 3;
  EXPECT_EQ(RunTraining(training).result.exit_code, 2);
}

// A rank that does not come ends the job, with the code for it.
TEST(Ranks, HungRankEndsTheJob) {
  const TemporaryFolder folder;
  TrainingCase training;
  training.output = folder.File("run");
  training.ranks = 2;
  training.more = {"--train.collective_timeout_s=3"};
  training.fault = "hang 2 1";
  const TrainingRun run = RunTraining(training);
  EXPECT_EQ(run.result.exit_code, 8) << run.result.output;
  EXPECT_NE(run.result.output.find("a rank is dead, hung"), std::string::npos) << run.result.output;
  EXPECT_EQ(run.losses.size(), 2u);
}

TEST(Ranks, DeadRankEndsTheJob) {
  const TemporaryFolder folder;
  TrainingCase training;
  training.output = folder.File("run");
  training.ranks = 2;
  training.fault = "kill 2 1";
  const TrainingRun run = RunTraining(training);
  EXPECT_EQ(run.result.exit_code, 128 + 9) << run.result.output;
  EXPECT_TRUE(run.model.empty());
}

}  // namespace
}  // namespace foothold
