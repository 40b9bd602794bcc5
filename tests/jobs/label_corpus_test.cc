// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>

#include "foothold/base/atomic_file.h"
#include "jobs/run_program.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

struct Job {
  TemporaryFolder folder;
  std::string videos = folder.File("videos");
  std::string output = folder.File("output");

  void Add(const std::string& name, const std::string& text) { folder.Write("videos/" + name, text); }

  ProgramResult Run(int ranks, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {FOOTHOLD_FAKE_LABEL_CORPUS, "--corpus", videos, "--output", output};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram(arguments, ranks);
  }

  std::map<std::string, std::string> Labels() const {
    std::map<std::string, std::string> labels;
    if (!fs::exists(output + "/labels")) return labels;
    for (const auto& entry : fs::recursive_directory_iterator(output + "/labels")) {
      if (entry.is_regular_file()) {
        labels[entry.path().lexically_relative(output).string()] = ReadFile(entry.path().string());
      }
    }
    return labels;
  }

  // How often units were begun, in all.
  int Attempts() const {
    int attempts = 0;
    for (const auto& entry : fs::directory_iterator(output)) {
      if (!entry.path().filename().string().starts_with("work-")) continue;
      const std::string text = ReadFile(entry.path().string());
      attempts += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    }
    return attempts;
  }
};

#define EXPECT_HAS(result, part) EXPECT_NE((result).output.find(part), std::string::npos) << (result).output

TEST(LabelCorpus, SameLabelsForAnyNumberOfRanks) {
  std::map<std::string, std::string> expected;
  for (const int ranks : {0, 1, 2, 3}) {
    Job job;
    for (int i = 0; i < 9; ++i)
      job.Add("v" + std::to_string(i) + ".mp4", "done " + std::to_string(1 + i % 2));
    const ProgramResult result = job.Run(ranks);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_HAS(result, "9 units: 9 labelled, 0 partly, 0 rejected, 0 quarantined, 0 open");
    EXPECT_HAS(result, "this run: 9 units, 13 clips, 130 frames");
    EXPECT_EQ(job.Attempts(), 9);
    const auto labels = job.Labels();
    EXPECT_EQ(labels.size(), 13u);
    if (ranks == 0) expected = labels;
    EXPECT_EQ(labels, expected) << ranks << " ranks";
  }
}

TEST(LabelCorpus, SecondRunDoesNothingThirdLabelsOnlyTheNewVideo) {
  Job job;
  job.Add("a.mp4", "done");
  job.Add("b/b.mp4", "done");
  EXPECT_EQ(job.Run(2).exit_code, 0);
  const ProgramResult second = job.Run(2);
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_HAS(second, "nothing to do");
  EXPECT_EQ(job.Attempts(), 2);
  job.Add("c.mp4", "done");
  const ProgramResult third = job.Run(2);
  EXPECT_EQ(third.exit_code, 0);
  EXPECT_HAS(third, "this run: 1 units");
  EXPECT_EQ(job.Attempts(), 3);
  EXPECT_EQ(job.Labels().count("labels/b/b.mp4/0.h5"), 1u);
}

TEST(LabelCorpus, BadVideosAreRecordedAndTheJobGoesOn) {
  Job job;
  job.Add("a.mp4", "reject");
  job.Add("b.mp4", "done 2 1");
  job.Add("c.mp4", "fail");
  job.Add("d.mp4", "done");
  const ProgramResult result = job.Run(2);
  EXPECT_EQ(result.exit_code, 4) << result.output;
  EXPECT_HAS(result, "4 units: 1 labelled, 1 partly, 1 rejected, 1 quarantined, 0 open");
  EXPECT_HAS(result, "no_people");
  EXPECT_EQ(job.Attempts(), 1 + 1 + 3 + 1);
  const ProgramResult again = job.Run(2);
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_HAS(again, "nothing to do");
  EXPECT_EQ(job.Attempts(), 6);
}

TEST(LabelCorpus, RetryFailedTriesRejectedAndQuarantinedAgain) {
  Job job;
  job.Add("a.mp4", "reject");
  job.Add("b.mp4", "fail");
  EXPECT_EQ(job.Run(0).exit_code, 4);
  job.Add("a.mp4", "done");
  job.Add("b.mp4", "done");
  EXPECT_EQ(job.Run(0).exit_code, 4);
  const ProgramResult result = job.Run(2, {"--ledger.retry_failed", "true"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_HAS(result, "2 units: 2 labelled");
}

TEST(LabelCorpus, StorageErrorEndsTheJobWithItsCodeAndLeavesUnitsOpen) {
  for (const int ranks : {0, 2}) {
    Job job;
    for (int i = 0; i < 4; ++i) job.Add("v" + std::to_string(i) + ".mp4", "storage");
    const ProgramResult result = job.Run(ranks);
    EXPECT_EQ(result.exit_code, 6) << result.output;
    EXPECT_HAS(result, "the disk is full");
    EXPECT_HAS(result, "4 open");
    for (int i = 0; i < 4; ++i) job.Add("v" + std::to_string(i) + ".mp4", "done");
    EXPECT_EQ(job.Run(ranks).exit_code, 0);
  }
}

TEST(LabelCorpus, UnwritableOutputIsAStorageError) {
  Job job;
  job.Add("a.mp4", "done");
  job.output = "/proc/output";
  const ProgramResult result = job.Run(2);
  EXPECT_EQ(result.exit_code, 6) << result.output;
  EXPECT_HAS(result, "/proc/output");
}

TEST(LabelCorpus, SignalDrainsAndTheNextRunContinues) {
  Job job;
  job.Add("a.mp4", "signal");
  job.Add("b.mp4", "done");
  job.Add("c.mp4", "done");
  const ProgramResult first = job.Run(0);
  EXPECT_EQ(first.exit_code, 9) << first.output;
  EXPECT_HAS(first, "3 units: 1 labelled, 0 partly, 0 rejected, 0 quarantined, 2 open");
  EXPECT_EQ(job.Attempts(), 1);
  const ProgramResult second = job.Run(2);
  EXPECT_EQ(second.exit_code, 0) << second.output;
  EXPECT_EQ(job.Attempts(), 3);
}

TEST(LabelCorpus, KilledRankLosesOnlyItsUnit) {
  Job job;
  job.Add("a.mp4", "done");
  job.Add("b.mp4", "kill once");
  job.Add("c.mp4", "done");
  const ProgramResult first = job.Run(2);
  EXPECT_NE(first.exit_code, 0);
  const ProgramResult second = job.Run(2);
  EXPECT_EQ(second.exit_code, 0) << second.output;
  EXPECT_EQ(job.Labels().size(), 3u);
}

TEST(LabelCorpus, VideoThatKillsEveryRankIsQuarantined) {
  Job job;
  job.Add("a.mp4", "kill");
  job.Add("b.mp4", "done");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(job.Run(0).exit_code, 128 + 9);
  const ProgramResult result = job.Run(0);
  EXPECT_EQ(result.exit_code, 4) << result.output;
  EXPECT_HAS(result, "1 labelled, 0 partly, 0 rejected, 1 quarantined");
}

TEST(LabelCorpus, UsageErrors) {
  Job job;
  job.Add("a.mp4", "done");
  const auto expect_usage =
      [&](const std::vector<std::string>& arguments, const std::string& part, int ranks = 0) {
        const ProgramResult result = job.Run(ranks, arguments);
        EXPECT_EQ(result.exit_code, 2) << result.output;
        EXPECT_HAS(result, part);
      };
  expect_usage({"--ledger.max_atempts", "3"}, "did you mean --ledger.max_attempts?", 2);
  expect_usage({"--ledger.max_attempts", "0"}, "out of range");
  expect_usage({"--config", job.folder.Write("a.conf", "[ledger]\nheartbeat = 3\n")}, "ledger.heartbeat_s");
  EXPECT_EQ(RunProgram({FOOTHOLD_FAKE_LABEL_CORPUS, "--output", job.output}).exit_code, 2);
  EXPECT_EQ(
      RunProgram({FOOTHOLD_FAKE_LABEL_CORPUS, "--output", job.output, "--corpus", "/no/such"}).exit_code, 3);
  EXPECT_EQ(RunProgram({FOOTHOLD_FAKE_LABEL_CORPUS, "--help"}).exit_code, 0);
}

TEST(LabelCorpus, ConfigFileDescribesAWholeJob) {
  Job job;
  job.Add("a.mp4", "done");
  const std::string config =
      job.folder.Write("job.conf", "[job]\ncorpus = " + job.videos + "\noutput = " + job.output + "\n");
  const ProgramResult result = RunProgram({FOOTHOLD_FAKE_LABEL_CORPUS, "--config", config});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(job.Labels().size(), 1u);
}

TEST(LabelCorpus, ShippedConfigFilesLoad) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(FOOTHOLD_SOURCE_DIR "/configs")) {
    const ProgramResult result =
        RunProgram({FOOTHOLD_FAKE_LABEL_CORPUS, "--config", entry.path().string(), "--print-config"});
    EXPECT_EQ(result.exit_code, 0) << entry.path() << ": " << result.output;
    EXPECT_HAS(result, "[perception]");
    ++count;
  }
  EXPECT_GE(count, 3);
}

TEST(LabelCorpus, OtherOptionsForTheSameOutputAreRefused) {
  Job job;
  job.Add("a.mp4", "done");
  EXPECT_EQ(job.Run(0).exit_code, 0);
  EXPECT_EQ(job.Run(0, {"--run.threads", "3"}).exit_code, 0);
  const ProgramResult result = job.Run(0, {"--body", "other.h5"});
  EXPECT_EQ(result.exit_code, 2) << result.output;
  EXPECT_HAS(result, "another --output");
}

TEST(LabelCorpus, RanksThatDisagreeStopWithTheRankNamed) {
  Job job;
  job.Add("a.mp4", "done");
  // Each rank reads its own body option.
  const std::string script =
      job.folder.Write("rank.sh",
                       "exec \"" FOOTHOLD_FAKE_LABEL_CORPUS "\" --corpus " + job.videos + " --output " +
                           job.output + " --body body$OMPI_COMM_WORLD_RANK\n");
  const ProgramResult result = RunProgram({"/bin/sh", script}, 2);
  EXPECT_EQ(result.exit_code, 8) << result.output;
  EXPECT_HAS(result, "rank 1 differs from rank 0");
  EXPECT_FALSE(fs::exists(job.output));
}

}  // namespace
}  // namespace foothold
