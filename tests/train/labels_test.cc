// SPDX-License-Identifier: Apache-2.0
// train_student itself, on labels of synthetic clips.
#include <gtest/gtest.h>

#include <fstream>

#include "jobs/run_program.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

class Labels : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult result = RunProgram({FOOTHOLD_TOOL,
                                             "synth",
                                             folder_.File("clips"),
                                             "--clips=2",
                                             "--synthetic.num_frames=16",
                                             "--synthetic.width=96",
                                             "--synthetic.height=64",
                                             "--run.threads=1"});
    ASSERT_EQ(result.exit_code, 0) << result.output;
  }
  ProgramResult Train(const std::string& output, int steps, int ranks, std::vector<std::string> more) const {
    std::vector<std::string> command = {FOOTHOLD_TRAIN_STUDENT,
                                        "--labels=" + folder_.File("clips"),
                                        "--output=" + folder_.File(output),
                                        "--data.kind=truth",
                                        "--data.width=48",
                                        "--data.height=32",
                                        "--data.threads=1",
                                        "--train.network=tiny",
                                        "--train.global_batch=4",
                                        "--train.micro_shards=2",
                                        "--train.steps=" + std::to_string(steps),
                                        "--train.checkpoint_every=2"};
    command.insert(command.end(), more.begin(), more.end());
    return RunProgram(command, ranks);
  }
  std::string ModelOf(const std::string& output) const {
    std::ifstream file(folder_.File(output) + "/model.safetensors", std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }

  TemporaryFolder folder_;
};

TEST_F(Labels, TwoRanksTrainLikeOne) {
  for (const int ranks : {0, 2}) {
    const std::string name = std::to_string(ranks);
    const ProgramResult result =
        Train(name, 3, ranks, {"--held-out=" + folder_.File("clips/synth_1.truth.h5")});
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_NE(result.output.find("validation loss"), std::string::npos) << result.output;
  }
  std::ifstream log(folder_.File("0/log.jsonl"));
  const std::string events((std::istreambuf_iterator<char>(log)), {});
  EXPECT_NE(events.find("\"event\": \"mean_motion\""), std::string::npos) << events;
  EXPECT_NE(events.find("\"motion_mpjpe_mm\": "), std::string::npos) << events;
  EXPECT_FALSE(ModelOf("0").empty());
  EXPECT_TRUE(ModelOf("0") == ModelOf("2"));
}

// The kind of the held-out files is its own.
TEST_F(Labels, KindOfHeldOut) {
  const ProgramResult result =
      Train("run", 2, 0, {"--held-out=" + folder_.File("clips"), "--train.held_out_kind=label"});
  EXPECT_EQ(result.exit_code, 3) << result.output;  // synth makes no labels.
  EXPECT_NE(result.output.find("holds no file of kind label"), std::string::npos) << result.output;
}

// Other labels, or other pairs of them, are another run.
TEST_F(Labels, OtherPairsAreRefused) {
  ASSERT_EQ(Train("run", 2, 0, {}).exit_code, 0);
  const ProgramResult result = Train("run", 2, 0, {"--data.max_gap_frames=7"});
  EXPECT_EQ(result.exit_code, 2) << result.output;
  EXPECT_NE(result.output.find("samples = "), std::string::npos) << result.output;
}

}  // namespace
}  // namespace foothold
