// SPDX-License-Identifier: Apache-2.0
// A corpus of hostile files, scanned and labelled by the real programs: both end, every file has a verdict,
// and memory does not grow. 25 files; 200 with FOOTHOLD_TEST_ALL=1.
#include "jobs/hostile_corpus.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "foothold/corpus/ledger_record.h"
#include "foothold/corpus/manifest.h"
#include "jobs/run_program.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// Root reads files of mode 0; without these capabilities not.
std::vector<std::string> WithoutPower() {
  const std::vector<std::string> prefix = {"setpriv", "--bounding-set", "-dac_override,-dac_read_search"};
  std::vector<std::string> probe = prefix;
  probe.push_back("true");
  return geteuid() == 0 && RunProgram(probe).exit_code == 0 ? prefix : std::vector<std::string>{};
}

// Of a process and those beside it that it started.
long ResidentKiB(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  long resident_KiB = 0;
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) resident_KiB = std::strtol(line.c_str() + 6, nullptr, 10);
  }
  std::error_code error;  // Threads come and go.
  for (auto thread = fs::directory_iterator(folder + "/task", error);
       !error && thread != fs::directory_iterator();
       thread.increment(error)) {
    std::ifstream children(thread->path() / "children");
    for (pid_t child = 0; children >> child;) resident_KiB += ResidentKiB(child);
  }
  return resident_KiB;
}

std::map<std::string, LedgerRecord> Records(const std::string& run) {
  std::map<std::string, LedgerRecord> records;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run + "/ledger/records", error)) {
    std::ifstream file(entry.path());
    LedgerRecord record;
    for (std::string line; std::getline(file, line);) {
      if (ParseRecord(line, &record)) records[record.unit_id] = record;
    }
  }
  return records;
}

struct WatchedRun {
  int exit_code = -1;
  long first_half_KiB = 0, second_half_KiB = 0;  // Largest resident memory, by the number of units opened.
};

// Runs the program and looks at its memory until it ends.
WatchedRun Watch(const std::vector<std::string>& command, const std::string& run, size_t num_opened) {
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (freopen((run + "/log").c_str(), "w", stdout) == nullptr || dup2(1, 2) < 0) _exit(126);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  WatchedRun watched;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    size_t done = 0;
    for (const auto& [id, record] : Records(run)) done += record.seconds > 0.001;
    long* const peak = 2 * done < num_opened ? &watched.first_half_KiB : &watched.second_half_KiB;
    *peak = std::max(*peak, ResidentKiB(child));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  watched.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return watched;
}

TEST(HostileCorpus, EveryFileHasAVerdict) {
  const bool all = std::getenv("FOOTHOLD_TEST_ALL") != nullptr;
  const TemporaryFolder folder;
  std::vector<std::string> paths;
  if (!MakeHostileCorpus(folder.path(), all ? 200 : 25, &paths))
    GTEST_SKIP() << "NOT TESTED: the ffmpeg program is not installed";
  const std::string run = folder.File("run");

  // Nobody stands upright in these: without looking for people more of them reach the labeller.
  std::vector<std::string> scan = WithoutPower();
  const bool sees_closed_files = geteuid() == 0 && scan.empty();
  for (const char* word :
       {FOOTHOLD_TOOL, "corpus", "scan", "--scan.people", "false", "--threads", "2", "-o"}) {
    scan.push_back(word);
  }
  scan.insert(scan.end(), {run, folder.File("v")});
  const ProgramResult scanned = RunProgram(scan);
  ASSERT_EQ(scanned.exit_code, 0) << scanned.output;

  const Manifest manifest(ManifestPathOf(run));
  std::set<std::string> listed;
  std::map<std::string, std::string> reasons;
  size_t num_opened = 0;
  for (size_t i = 0; i < manifest.size(); ++i) {
    const Unit unit = manifest.At(i);
    listed.insert(unit.path.substr(
        0, unit.path.find(".tar/") == std::string::npos ? unit.path.size() : unit.path.find(".tar/") + 4));
    reasons[unit.path] = unit.rejected_reason;
    num_opened += unit.rejected_reason.empty();
  }
  for (const std::string& path : paths) {
    EXPECT_EQ(listed.count(path), 1u) << path;
    if (path.ends_with(" empty.mp4")) {
      EXPECT_EQ(reasons[path], "video_empty");
    }
    if (path.ends_with(" sound.mp4") || path.ends_with(" pipe.mp4")) {
      EXPECT_EQ(reasons[path], "video_unreadable");
    }
    if (path.ends_with(" closed.mp4") && !sees_closed_files) {
      EXPECT_EQ(reasons[path], "video_no_permission");
    }
    if (path.ends_with(" hours.mp4")) {
      EXPECT_TRUE(reasons[path] == "static_image" || reasons[path] == "duplicate") << reasons[path];
    }
  }
  EXPECT_GE(num_opened, 4u) << scanned.output;

  fs::create_directories(run);
  const WatchedRun labelled =
      Watch({FOOTHOLD_LABEL_CORPUS, "--corpus", ManifestPathOf(run), "--output", run, "--run.threads", "2"},
            run,
            num_opened);
  std::ifstream log(run + "/log");
  const std::string text((std::istreambuf_iterator<char>(log)), {});
  EXPECT_TRUE(labelled.exit_code == 0 || labelled.exit_code == 4) << labelled.exit_code << "\n" << text;
  const std::map<std::string, LedgerRecord> records = Records(run);
  EXPECT_EQ(records.size(), manifest.size());
  for (size_t i = 0; i < manifest.size(); ++i) {
    const Unit unit = manifest.At(i);
    const auto record = records.find(unit.id);
    ASSERT_NE(record, records.end()) << unit.id;
    EXPECT_NE(record->second.event, LedgerRecord::Event::kFailed) << record->second.message;
    if (!unit.rejected_reason.empty()) {
      EXPECT_EQ(record->second.reason, unit.rejected_reason);
    }
  }
  std::printf("%zu files, %zu opened by label_corpus; largest memory in the halves %ld and %ld MiB\n",
              manifest.size(),
              num_opened,
              labelled.first_half_KiB / 1024,
              labelled.second_half_KiB / 1024);
  if (all) {
    EXPECT_LT(labelled.second_half_KiB, 1.1 * labelled.first_half_KiB);
  }
}

}  // namespace
}  // namespace foothold
