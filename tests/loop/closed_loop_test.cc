// SPDX-License-Identifier: Apache-2.0
// scripts/closed_loop.sh and slurm/closed_loop.sh.
#include <gtest/gtest.h>

#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "jobs/run_program.h"
#include "labels/label.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

std::string Programs() { return FOOTHOLD_BINARY_DIR "/bin"; }
std::string Source(const std::string& path) { return std::string(FOOTHOLD_SOURCE_DIR) + "/" + path; }

class ClosedLoop : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult result = RunProgram({Programs() + "/foothold",
                                             "synth",
                                             folder_.File("clips"),
                                             "--clips=4",
                                             "--synthetic.num_frames=16",
                                             "--synthetic.width=96",
                                             "--synthetic.height=64",
                                             "--run.threads=1"});
    ASSERT_EQ(result.exit_code, 0) << result.output;
  }

  // One of the four clips is held out.
  std::string Config(const std::string& loop, const std::string& train = "") {
    return folder_.Write("loop.conf",
                         "[loop]\noutput = " + run() + "\ntruth = " + folder_.File("clips") + "\n" + loop +
                             "[job]\ncorpus = " + folder_.File("clips") +
                             "\n[perception]\nname = synthetic\n[run]\nthreads = 1\n"
                             "[data]\nwidth = 48\nheight = 32\nmin_confidence = 0\nheld_out_share = 0.4\n"
                             "threads = 1\n[predict]\nimage_side_px = 48\n"
                             "[train]\nnetwork = tiny\nglobal_batch = 4\n" +
                             (train.find("steps") == std::string::npos ? "steps = 3\n" : "") + train);
  }
  ProgramResult Run(const std::string& config, const std::string& environment = "") const {
    return Shell(environment + " '" + Source("scripts/closed_loop.sh") + "' '" + config + "'");
  }
  ProgramResult Submit(const std::string& arguments, const std::string& environment = "") const {
    return Shell(environment + " '" + Source("slurm/closed_loop.sh") + "' " + arguments);
  }
  ProgramResult Shell(const std::string& command) const {
    return RunProgram({"bash", "-c", "export FOOTHOLD_BIN='" + Programs() + "'; " + command});
  }

  std::string run() const { return folder_.File("run"); }
  std::string Round(int round, const std::string& path) const {
    return run() + "/round-" + std::to_string(round) + "/" + path;
  }

  TemporaryFolder folder_;
};

size_t Count(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST_F(ClosedLoop, TwoRoundsOnTwoRanks) {
  const std::string config = Config("rounds = 2\nranks = 2\n");
  const ProgramResult result = Run(config);
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(Count(result.output, "closed_loop.sh: round"), 6u) << result.output;
  const std::string table = ReadFile(run() + "/loop.md");
  EXPECT_NE(table.find("| 1 | 4 | 4 | 100.0 |"), std::string::npos) << table;
  EXPECT_NE(table.find("| 2 | 4 | 4 | 100.0 |"), std::string::npos) << table;
  // The first round begins with perception, the second with the first one's student.
  for (const int round : {1, 2}) {
    const labels::Label label = labels::ReadLabel(Round(round, "labels/labels/synth_1.mp4/synth_1.h5"));
    EXPECT_EQ(label.quality.student.known, round == 2);
    EXPECT_EQ(label.provenance.options.find("# student ") != std::string::npos, round == 2);
    EXPECT_TRUE(fs::exists(Round(round, "model/model.safetensors")));
  }

  // Again: nothing is repeated, nothing is submitted; what is gone is made again.
  const auto trained = fs::last_write_time(Round(1, "model/model.safetensors"));
  const ProgramResult again = Run(config);
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_EQ(Count(again.output, "closed_loop.sh: round"), 0u) << again.output;
  EXPECT_NE(Submit("--dry-run '" + config + "'").output.find("nothing is left"), std::string::npos);
  fs::remove(Round(2, "evaluation/summary.json"));
  const ProgramResult third = Run(config);
  EXPECT_EQ(third.exit_code, 0) << third.output;
  EXPECT_EQ(Count(third.output, "closed_loop.sh: round"), 1u) << third.output;
  EXPECT_EQ(ReadFile(run() + "/loop.md"), table);
  EXPECT_EQ(fs::last_write_time(Round(1, "model/model.safetensors")), trained);

  const ProgramResult other = Run(Config("rounds = 2\nranks = 2\n", "learning_rate = 0.1\n"));
  EXPECT_EQ(other.exit_code, 2) << other.output;
  EXPECT_NE(other.output.find("train.learning_rate = 1e-04', now 'train.learning_rate = 0.1'"),
            std::string::npos)
      << other.output;
}

TEST_F(ClosedLoop, AStageThatFailsEndsItAndIsNamed) {
  const ProgramResult result = Run(Config("rounds = 1\n", "initial = nowhere.safetensors\n"));
  EXPECT_EQ(result.exit_code, 3) << result.output;
  EXPECT_NE(result.output.find("round 1, stage train ended with exit code 3"), std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("nowhere.safetensors"), std::string::npos) << result.output;
  EXPECT_FALSE(fs::exists(run() + "/loop.md"));
  // Mended, it goes on: the labels stay.
  const ProgramResult mended = Run(Config("rounds = 1\n"));
  EXPECT_EQ(mended.exit_code, 0) << mended.output;
  EXPECT_EQ(mended.output.find("stage label"), std::string::npos) << mended.output;
  EXPECT_EQ(Count(mended.output, "closed_loop.sh: round"), 2u) << mended.output;
}

// Killed while it trains, with all that it started: the same command ends with the same weights.
TEST_F(ClosedLoop, GoesOnAfterAKill) {
  const std::string config = Config("rounds = 1\n", "steps = 40\ncheckpoint_every = 4\n");
  const std::string checkpoint = Round(1, "model/checkpoints");
  const ProgramResult killed = Shell(
      "setsid '" + Source("scripts/closed_loop.sh") + "' '" + config + "' & for i in $(seq 2000); do ls '" +
      checkpoint + "'/*.json 2>/dev/null && break; sleep 0.05; done; kill -9 -- -$!; wait $!");
  EXPECT_EQ(killed.exit_code, 137) << killed.output;
  EXPECT_FALSE(fs::exists(Round(1, "model/model.safetensors")));
  const ProgramResult again = Run(config);
  ASSERT_EQ(again.exit_code, 0) << again.output;
  EXPECT_EQ(again.output.find("stage label"), std::string::npos) << again.output;
  const std::string weights = ReadFile(Round(1, "model/model.safetensors"));
  fs::remove_all(run());
  ASSERT_EQ(Run(config).exit_code, 0);
  EXPECT_TRUE(ReadFile(Round(1, "model/model.safetensors")) == weights);
}

TEST_F(ClosedLoop, VideosThatCannotBeLabelledDoNotStopIt) {
  folder_.Write("clips/broken.mp4", "no video");
  const ProgramResult result = Run(Config("rounds = 1\n"));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(ReadFile(run() + "/loop.md").find("| 1 | 5 | 4 |"), std::string::npos);
}

TEST_F(ClosedLoop, SaysWhatIsMissing) {
  const std::string empty = folder_.Write("empty.conf", "[loop]\nrounds = 2\n");
  const ProgramResult result = Run(empty);
  EXPECT_EQ(result.exit_code, 2) << result.output;
  EXPECT_NE(result.output.find("loop.output is empty"), std::string::npos) << result.output;
  EXPECT_EQ(Submit("--dry-run '" + empty + "'").exit_code, 2);
  EXPECT_EQ(Run(folder_.File("nothing.conf")).exit_code, 2);
  EXPECT_NE(Run(Config("rounds = 1\n", "labels = elsewhere\n")).output.find("train.labels"),
            std::string::npos);
}

TEST_F(ClosedLoop, NobodyHeldOutIsAnErrorOfTheEvaluationOrBefore) {
  std::string text = ReadFile(Config("rounds = 1\n"));
  text.replace(text.find("held_out_share = 0.4"), 20, "held_out_share = 0.0001");
  const ProgramResult result = Run(folder_.Write("loop.conf", text));
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.output.find("held_out"), std::string::npos) << result.output;
}

TEST_F(ClosedLoop, SlurmGetsAChainOfJobs) {
  const std::string config = Config("rounds = 2\n");
  const ProgramResult dry = Submit("--dry-run '" + config + "' --account=me");
  ASSERT_EQ(dry.exit_code, 0) << dry.output;
  EXPECT_EQ(Count(dry.output, " sbatch "), 6u) << dry.output;
  EXPECT_EQ(Count(dry.output, "--account=me"), 6u);
  EXPECT_EQ(Count(dry.output, "label_corpus.sbatch"), 2u);
  EXPECT_EQ(Count(dry.output, "train_student.sbatch"), 2u);
  EXPECT_EQ(Count(dry.output, "evaluate_round.sbatch"), 2u);
  EXPECT_EQ(Count(dry.output, "afterok:"), 5u);
  EXPECT_FALSE(fs::exists(Round(1, "labels")));

  folder_.Write("bin/sbatch",
                "#!/usr/bin/env bash\necho \"$*\" >>'" + folder_.File("calls") + "'\nwc -l <'" +
                    folder_.File("calls") + "'\n");
  fs::permissions(folder_.File("bin/sbatch"), fs::perms::owner_all);
  const std::string path = "PATH='" + folder_.File("bin") + "':$PATH";
  const ProgramResult submitted = Submit("'" + config + "'", path);
  ASSERT_EQ(submitted.exit_code, 0) << submitted.output;
  EXPECT_NE(submitted.output.find("round 2, stage evaluate: job 6"), std::string::npos) << submitted.output;
  const std::string calls = ReadFile(folder_.File("calls"));
  for (const char* dependency : {"=afterok:1,singleton", "=afterok:5,singleton"})
    EXPECT_NE(calls.find(dependency), std::string::npos) << calls;
  EXPECT_NE(ReadFile(Round(1, "round.conf")).find("accept_incomplete = true"), std::string::npos);
}

// Its step's exit code is the job's, and the time limit requeues it.
TEST_F(ClosedLoop, TheEvaluationJobPassesOnHowItEnded) {
  const std::string config = Config("rounds = 1\n");
  for (const char* name : {"srun", "scontrol"}) {
    folder_.Write(std::string("bin/") + name,
                  "#!/usr/bin/env bash\necho \"" + std::string(name) + " $*\" >>'" + folder_.File("calls") +
                      "'\n[ \"$0\" != '" + folder_.File("bin/srun") +
                      "' ] || { sleep ${NAP:-0}; exit 6; }\n");
    fs::permissions(folder_.File(std::string("bin/") + name), fs::perms::owner_all);
  }
  const std::string job = "SLURM_JOB_ID=5 PATH='" + folder_.File("bin") + "':$PATH bash '" +
                          Source("slurm/evaluate_round.sbatch") + "' '" + config + "'";
  EXPECT_EQ(Shell(job).exit_code, 6);
  EXPECT_EQ(ReadFile(folder_.File("calls")).find("scontrol"), std::string::npos);
  const ProgramResult drained = Shell("export NAP=2; " + job + " & sleep 1; kill -USR1 $!; wait $!");
  EXPECT_EQ(drained.exit_code, 6) << drained.output;
  EXPECT_NE(ReadFile(folder_.File("calls")).find("scontrol requeue 5"), std::string::npos);
}

}  // namespace
}  // namespace foothold
