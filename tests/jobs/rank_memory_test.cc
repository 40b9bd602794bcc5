// SPDX-License-Identifier: Apache-2.0
// The memory of a rank, and of the process beside it that does the work, does not grow with the corpus.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/pipeline/synthetic_dataset.h"
#include "labels/body_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr int kSettled = 50;  // Clips until everything has been allocated once.

// The same tiny clip under many names.
void MakeCorpus(const TemporaryFolder& folder, int num_clips) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  SyntheticDataset dataset;
  dataset.dir = folder.File("made");
  dataset.options.num_frames = 12;
  dataset.options.width = 96;
  dataset.options.height = 80;
  dataset.options.num_people = 1;
  const fs::path video = WriteSyntheticDataset(dataset, body, 1)[0];
  const fs::path seen = fs::path(video).replace_extension(".observations.h5");
  fs::create_directories(folder.File("videos"));
  for (int i = 0; i < num_clips; ++i) {
    const std::string name = folder.File("videos/v" + std::to_string(i));
    fs::create_hard_link(video, name + ".mp4");
    fs::create_hard_link(seen, name + ".observations.h5");
  }
}

// Largest resident memory of a process so far, in kB; 0 when it is gone.
long PeakMemory_kb(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
  }
  return 0;
}

pid_t ChildOf(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/task/" + std::to_string(process) + "/children");
  pid_t child = 0;
  file >> child;
  return child;
}

int NumRecords(const std::string& output) {
  int count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(output + "/ledger/records", error)) {
    const std::string text = ReadFile(entry.path().string());
    count += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }
  return count;
}

pid_t Start(std::vector<std::string> command, const std::string& log) {
  const pid_t process = fork();
  if (process != 0) return process;
  if (std::freopen(log.c_str(), "w", stderr) == nullptr ||
      std::freopen(log.c_str(), "a", stdout) == nullptr) {
    _exit(126);
  }
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

TEST(RankMemory, FlatOverManyClips) {
  const int num_clips = std::getenv("FOOTHOLD_TEST_ALL") == nullptr ? 150 : 1000;
  const TemporaryFolder folder;
  MakeCorpus(folder, num_clips);
  const std::string output = folder.File("out"), log = folder.File("log");
  const pid_t rank = Start({FOOTHOLD_LABEL_CORPUS,
                            "--corpus",
                            folder.File("videos"),
                            "--output",
                            output,
                            "--perception.name",
                            "recorded",
                            "--run.threads",
                            "1",
                            "--run.log_level",
                            "warning"},
                           log);
  long settled_rank = 0, settled_worker = 0, last_rank = 0, last_worker = 0;
  pid_t worker = 0;
  int status = 0;
  while (waitpid(rank, &status, WNOHANG) == 0) {
    if (worker == 0) worker = ChildOf(rank);
    if (const long peak = PeakMemory_kb(rank)) last_rank = peak;
    if (const long peak = worker > 0 ? PeakMemory_kb(worker) : 0) last_worker = peak;
    if (settled_worker == 0 && NumRecords(output) >= kSettled) {
      settled_rank = last_rank;
      settled_worker = last_worker;
    }
    usleep(20000);
  }
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << ReadFile(log);
  EXPECT_EQ(NumRecords(output), num_clips);
  ASSERT_GT(settled_worker, 0);
  RecordProperty("rank_kb", std::to_string(settled_rank) + " to " + std::to_string(last_rank));
  RecordProperty("worker_kb", std::to_string(settled_worker) + " to " + std::to_string(last_worker));
  EXPECT_LE(last_rank, 1.05 * double(settled_rank));
  EXPECT_LE(last_worker, 1.05 * double(settled_worker));
}

}  // namespace
}  // namespace foothold
