// SPDX-License-Identifier: Apache-2.0
// Runs that are killed, drained, moved to other ranks, or whose checkpoints are damaged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.h"
#include "train/training_runs.h"

namespace foothold {
namespace {

constexpr int kKilled = 128 + 9;

TrainingCase Case(const TemporaryFolder& folder,
                  const std::string& name,
                  int ranks,
                  std::vector<std::string> more) {
  TrainingCase training;
  training.output = folder.File(name);
  training.ranks = ranks;
  training.more = std::move(more);
  training.more.push_back("--train.checkpoint_every=2");
  return training;
}

TrainingRun Uninterrupted(const TrainingCase& training) {
  TrainingRun run = RunTraining(training);
  EXPECT_EQ(run.result.exit_code, 0) << run.result.output;
  EXPECT_FALSE(run.model.empty());
  return run;
}

TrainingRun Interrupted(TrainingCase training, const std::string& fault, int code, int ranks_after) {
  training.fault = fault;
  const TrainingRun first = RunTraining(training);
  EXPECT_EQ(first.result.exit_code, code) << first.result.output;
  EXPECT_TRUE(first.model.empty());
  training.fault.clear();
  training.ranks = ranks_after;
  return Uninterrupted(training);
}

void ExpectSame(const TrainingRun& a, const TrainingRun& b) {
  EXPECT_EQ(LargestDifference(a, b), 0);
  EXPECT_TRUE(a.model == b.model);
}

TEST(Resume, KilledAtAnyStep) {
  const TemporaryFolder folder;
  const TrainingRun whole = Uninterrupted(Case(folder, "whole", 0, {}));
  for (const int step : TestAll() ? std::vector<int>{0, 1, 2, 3, 4, 5} : std::vector<int>{1, 4}) {
    const std::string name = std::to_string(step);
    ExpectSame(whole, Interrupted(Case(folder, name, 0, {}), "kill " + name, kKilled, 0));
  }
}

TEST(Resume, KilledWithRanks) {
  const TemporaryFolder folder;
  const std::vector<std::string> more = {"--train.shard_optimizer=true"};
  const TrainingRun whole = Uninterrupted(Case(folder, "whole", 2, more));
  ExpectSame(whole, Interrupted(Case(folder, "killed", 2, more), "kill 3 1", kKilled, 2));
}

TEST(Resume, DrainedRunGoesOn) {
  const TemporaryFolder folder;
  const TrainingRun whole = Uninterrupted(Case(folder, "whole", 0, {}));
  // The signal arrives in step 3, which is finished: no checkpoint was due there.
  ExpectSame(whole, Interrupted(Case(folder, "drained", 0, {}), "drain 2", 9, 0));
}

TEST(Resume, OtherNumberOfRanks) {
  const TemporaryFolder folder;
  const std::vector<std::string> fixed = {"--train.micro_shards=4", "--train.shard_optimizer=true"};
  const TrainingRun whole = Uninterrupted(Case(folder, "whole", 2, fixed));
  ExpectSame(whole, Interrupted(Case(folder, "4to1", 4, fixed), "kill 4 0", kKilled, 0));
  // Without the option, nearly so.
  const TrainingRun moved = Interrupted(Case(folder, "1to2", 0, {}), "kill 3", kKilled, 2);
  EXPECT_LE(LargestDifference(Uninterrupted(Case(folder, "plain", 0, {})), moved), 1e-3);
}

TEST(Resume, BadLabelIsSkippedAndNamed) {
  const TemporaryFolder folder;
  TrainingCase training = Case(folder, "run", 0, {});
  training.fault = "nan 20";  // Of the third step; it comes again in the sixth.
  const TrainingRun run = RunTraining(training);
  EXPECT_EQ(run.result.exit_code, 0) << run.result.output;
  EXPECT_NE(run.result.output.find("step 3 skipped"), std::string::npos) << run.result.output;
  EXPECT_NE(run.result.output.find("not finite in translation1"), std::string::npos) << run.result.output;
  EXPECT_EQ(run.model.find("nan"), std::string::npos);
  std::ifstream log(training.output + "/log.jsonl");
  const std::string text((std::istreambuf_iterator<char>(log)), {});
  EXPECT_NE(text.find("{\"event\": \"skipped\", \"step\": 3"), std::string::npos) << text;
  EXPECT_NE(text.find("{\"event\": \"skipped\", \"step\": 6"), std::string::npos) << text;
  EXPECT_GT(run.losses.at(5), 0);
}

// Everything that is wrong with what a run goes on from ends it before it writes.
class BadCheckpoint : public testing::Test {
 protected:
  void SetUp() override {
    training_ = Case(folder_, "run", 0, {});
    training_.steps = 4;
    training_.fault = "drain 1";
    ASSERT_EQ(RunTraining(training_).result.exit_code, 9);
    training_.fault.clear();
    ASSERT_TRUE(std::filesystem::exists(Path("json"))) << "no checkpoint after step 2";
  }
  std::string Path(const std::string& extension) const {
    return training_.output + "/checkpoints/step-000000002." + extension;
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }
  static void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  void ExpectRefusal(int code, const std::string& part) {
    const std::string before = Read(Path("json")) + Read(Path("safetensors"));
    const TrainingRun run = RunTraining(training_);
    EXPECT_EQ(run.result.exit_code, code) << run.result.output;
    EXPECT_NE(run.result.output.find(part), std::string::npos) << run.result.output;
    EXPECT_TRUE(run.model.empty());
    EXPECT_TRUE(Read(Path("json")) + Read(Path("safetensors")) == before) << "something was overwritten";
  }

  TemporaryFolder folder_;
  TrainingCase training_;
};

TEST_F(BadCheckpoint, DamagedTensors) {
  std::string bytes = Read(Path("safetensors"));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  Write(Path("safetensors"), bytes);
  ExpectRefusal(3, "step-000000002.safetensors: the checksum is");
}

TEST_F(BadCheckpoint, DamagedHeader) {
  std::string text = Read(Path("json"));
  text.replace(text.find("\"num_updates\": 2"), 16, "\"num_updates\": 3");
  Write(Path("json"), text);
  ExpectRefusal(3, "step-000000002.json: the checksum does not match");
}

TEST_F(BadCheckpoint, TensorsAreGone) {
  std::filesystem::remove(Path("safetensors"));
  const TrainingRun run = RunTraining(training_);
  EXPECT_EQ(run.result.exit_code, 3) << run.result.output;
  EXPECT_FALSE(std::filesystem::exists(Path("safetensors")));
}

TEST_F(BadCheckpoint, OtherOptions) {
  training_.more.push_back("--train.weight_decay=0.5");
  ExpectRefusal(2, "then 'weight_decay = 0.05', now 'weight_decay = 0.5'");
}

}  // namespace
}  // namespace foothold
