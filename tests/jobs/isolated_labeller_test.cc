// SPDX-License-Identifier: Apache-2.0
// Whatever happens to the process that works on a unit, the rank goes on and says what it was.
#include "jobs/isolated_labeller.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

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

  std::vector<std::string> Command(const std::vector<std::string>& more) const {
    std::vector<std::string> command = {
        FOOTHOLD_FRAGILE_LABEL_CORPUS, "--corpus", videos, "--output", output};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  ProgramResult Run(int ranks, const std::vector<std::string>& more = {}) const {
    return RunProgram(Command(more), ranks);
  }

  // Of attempts; that a unit is given up repeats the last one.
  std::string Records() const {
    std::string text;
    for (const auto& entry : fs::directory_iterator(output + "/ledger/records")) {
      std::istringstream lines(ReadFile(entry.path().string()));
      for (std::string line; std::getline(lines, line);) {
        if (line.find("\"event\":\"quarantined\"") == std::string::npos) text += line + "\n";
      }
    }
    return text;
  }
  std::string Label(const std::string& id) const { return ReadFile(output + "/labels/" + id + "/0.h5"); }
  std::set<std::string> Workers() const {
    std::istringstream lines(ReadFile(output + "/workers"));
    std::set<std::string> workers;
    for (std::string line; std::getline(lines, line);) workers.insert(line);
    return workers;
  }
};

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(IsolatedLabeller, OneWorkerServesManyUnits) {
  Job job;
  for (int i = 0; i < 20; ++i) job.Add("v" + std::to_string(i) + ".mp4", "done");
  const ProgramResult result = job.Run(0);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(job.Workers().size(), 1u);
}

TEST(IsolatedLabeller, ACrashCostsOneAttemptAtOneUnit) {
  for (const int ranks : {0, 2}) {
    Job job;
    job.Add("a.mp4", "done");
    job.Add("b.mp4", "crash");
    job.Add("c.mp4", "crash once");
    job.Add("d.mp4", "exit");
    job.Add("e.mp4", "killed once");
    job.Add("f.mp4", "done");
    const ProgramResult result = job.Run(ranks);
    EXPECT_EQ(result.exit_code, 4) << result.output;
    EXPECT_HAS(result.output, "6 units: 4 labelled, 0 partly, 0 rejected, 2 quarantined, 0 open");
    EXPECT_HAS(result.output, "a last word about b.mp4");
    const std::string records = job.Records();
    EXPECT_EQ(Count(records, "signal 11 (Segmentation fault); its last lines: "), 4) << records;
    EXPECT_HAS(records, "a last word about c.mp4");
    EXPECT_EQ(Count(records, "exit code 3"), 3);
    EXPECT_EQ(Count(records, "worker_killed"), 1);
    EXPECT_EQ(Count(records, "worker_crashed"), 7);
  }
}

TEST(IsolatedLabeller, AUnitWithoutProgressIsGivenUpAndASlowOneIsNot) {
  Job job;
  job.Add("a.mp4", "hang");
  job.Add("b.mp4", "slow");
  job.Add("c.mp4", "done");
  const ProgramResult result = job.Run(0, {"--job.watchdog_s", "1", "--ledger.max_attempts", "1"});
  EXPECT_EQ(result.exit_code, 4) << result.output;
  EXPECT_HAS(result.output, "3 units: 2 labelled, 0 partly, 0 rejected, 1 quarantined");
  EXPECT_EQ(Count(job.Records(), "no_progress"), 1);
}

TEST(IsolatedLabeller, TooMuchMemoryStepsDownTheLadder) {
  Job job;
  job.Add("a.mp4", "hog 100");  // Fits.
  job.Add("b.mp4", "hog 800");  // Fits on rung 2.
  job.Add("c.mp4", "done");
  const ProgramResult result = job.Run(0, {"--job.memory_gb", "0.5"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(job.Label("a.mp4"), "rung 0");
  EXPECT_EQ(job.Label("b.mp4"), "rung 2");
  EXPECT_EQ(job.Label("c.mp4"), "rung 0");
  EXPECT_HAS(job.Records(), "done on memory rung 2");
  EXPECT_HAS(result.output, "tried again on memory rung 1");
}

TEST(IsolatedLabeller, TooMuchMemoryOnEveryRungIsQuarantined) {
  Job job;
  job.Add("a.mp4", "hog 1000000000");
  job.Add("b.mp4", "done");
  const ProgramResult result = job.Run(0, {"--job.memory_gb", "0.5", "--ledger.max_attempts", "1"});
  EXPECT_EQ(result.exit_code, 4) << result.output;
  EXPECT_EQ(Count(job.Records(), "out_of_memory"), 1) << job.Records();
}

TEST(IsolatedLabeller, ErrorsOfTheWorkerAreThoseOfTheRank) {
  Job job;
  job.Add("a.mp4", "storage");
  const ProgramResult result = job.Run(0);
  EXPECT_EQ(result.exit_code, 6) << result.output;
  EXPECT_HAS(result.output, "the disk is full");
  EXPECT_HAS(result.output, "1 open");
}

TEST(IsolatedLabeller, TheWorkerDiesWithItsRank) {
  Job job;
  job.Add("a.mp4", "orphan");
  const pid_t rank = fork();
  if (rank == 0) {
    std::vector<std::string> command = job.Command({});
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  while (!fs::exists(job.output + "/worker")) usleep(10000);
  const pid_t worker = std::stoi(ReadFile(job.output + "/worker"));
  // Signals to all processes of a job step: the worker leaves them to the rank.
  EXPECT_EQ(kill(worker, SIGUSR1), 0);
  EXPECT_EQ(kill(worker, SIGTERM), 0);
  usleep(50000);
  EXPECT_EQ(kill(worker, 0), 0);
  kill(rank, SIGKILL);
  waitpid(rank, nullptr, 0);
  const auto is_alive = [&] {
    const std::string path = "/proc/" + std::to_string(worker) + "/stat";
    return fs::exists(path) && ReadFile(path).find(") Z ") == std::string::npos;
  };
  for (int i = 0; i < 500 && is_alive(); ++i) usleep(10000);
  EXPECT_FALSE(is_alive());
}

TEST(IsolatedLabeller, NobodyElseStartsAWorker) {
  const ProgramResult result = RunProgram({FOOTHOLD_FRAGILE_LABEL_CORPUS, kUnitWorkerArgument});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_HAS(result.output, "is for label_corpus itself");
}

}  // namespace
}  // namespace foothold
