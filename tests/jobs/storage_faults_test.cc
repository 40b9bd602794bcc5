// SPDX-License-Identifier: Apache-2.0
// A run on a file system that fails, with clocks that differ, and with a ledger that somebody damaged:
// the message names file and remedy, and the next run finishes with nothing lost.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <future>

#include "foothold/base/atomic_file.h"
#include "foothold/corpus/run_check.h"
#include "foothold/corpus/units_file.h"
#include "jobs/run_program.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr int kUnits = 6;

struct SmallRun {
  TemporaryFolder folder;
  std::string output = folder.File("output");

  explicit SmallRun(const std::string& text = "done 2") {
    for (int i = 0; i < kUnits; ++i) folder.Write("videos/v" + std::to_string(i) + ".mp4", text);
  }

  // `before` stands before the program: env with variables, setpriv.
  ProgramResult Label(std::vector<std::string> before = {},
                      const std::vector<std::string>& after = {}) const {
    std::vector<std::string> words = std::move(before);
    for (const std::string& word : {std::string(FOOTHOLD_FAKE_LABEL_CORPUS),
                                    std::string("--corpus"),
                                    folder.File("videos"),
                                    std::string("--output"),
                                    output})
      words.push_back(word);
    words.insert(words.end(), after.begin(), after.end());
    return RunProgram(words);
  }

  ProgramResult LabelWith(const std::string& variable) const {
    return Label({"/usr/bin/env", "LD_PRELOAD=" FOOTHOLD_FAILING_IO, variable});
  }

  int Attempts() const {
    int attempts = 0;
    for (const auto& entry : fs::directory_iterator(output)) {
      if (!entry.path().filename().string().starts_with("work-")) continue;
      const std::string text = ReadFile(entry.path().string());
      attempts += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    }
    return attempts;
  }

  void ExpectCompleteAndIntact() const {
    RunCheckOptions options;
    options.deep = true;
    const RunCheck check = CheckRun(output, UnitsOfRun(output), options);
    EXPECT_EQ(check.records.state.Count(UnitStatus::kDone), static_cast<size_t>(kUnits));
    EXPECT_EQ(check.labels, 2 * kUnits);
    EXPECT_TRUE(check.problems.empty()) << check.problems.front().message;
  }

  void ExpectNextRunCompletes() const {
    const ProgramResult result = Label();
    EXPECT_EQ(result.exit_code, 0) << result.output;
    ExpectCompleteAndIntact();
  }

  std::vector<std::string> FilesIn(const std::string& name) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(output + "/ledger/" + name)) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    return files;
  }
};

#define EXPECT_HAS(result, part) EXPECT_NE((result).output.find(part), std::string::npos) << (result).output

// {call:errno:part of the path:passes, words of the message}
struct Fault {
  std::string failing_io, file, cause;
};

TEST(StorageFaults, FailedWritesAndSyncsEndTheRunAndLoseNothing) {
  const std::string eio = std::to_string(EIO), enospc = std::to_string(ENOSPC);
  for (const Fault& fault :
       {Fault{"write:" + eio + ":/ledger/claims/:1", "/claims/", "Input/output error"},
        Fault{"write:" + eio + ":/ledger/records/:2", "/records/", "Input/output error"},
        Fault{"fsync:" + eio + ":/ledger/records/:1", "/records/", "Input/output error"},
        Fault{"write:" + enospc + ":/ledger/records/", "/records/", "No space left"},
        Fault{"fsync:" + eio + ":/labels/:3", "/labels/", "Input/output error"},
        Fault{"fsync:" + enospc + ":/ledger/.options", "options.conf", "No space left"}}) {
    const SmallRun run;
    const ProgramResult result = run.LabelWith("FAILING_IO=" + fault.failing_io);
    EXPECT_EQ(result.exit_code, 6) << fault.failing_io << "\n" << result.output;
    EXPECT_HAS(result, fault.file);
    EXPECT_HAS(result, fault.cause);
    run.ExpectNextRunCompletes();
  }
}

TEST(StorageFaults, SnapshotThatCannotBeWrittenLosesNoLabel) {
  const SmallRun run;
  // The snapshot is only for speed, but a full disk is a full disk: code 6 with every unit labelled.
  const ProgramResult result = run.LabelWith("FAILING_IO=fsync:" + std::to_string(ENOSPC) + ":snapshot");
  EXPECT_EQ(result.exit_code, 6) << result.output;
  run.ExpectCompleteAndIntact();
  run.ExpectNextRunCompletes();
}

// Ranks judge leases by the file server's clock, so an hour between hosts does not matter.
TEST(StorageFaults, ClocksAnHourApart) {
  for (const std::string shift : {"3600", "-3600"}) {
    const SmallRun run("work 150 2");
    const std::vector<std::string> options = {"--ledger.heartbeat_s", "1", "--ledger.lease_heartbeats", "10"};
    auto other = std::async(std::launch::async, [&] {
      return run.Label({"/usr/bin/env", "LD_PRELOAD=" FOOTHOLD_FAILING_IO, "CLOCK_SHIFT_S=" + shift},
                       options);
    });
    EXPECT_EQ(run.Label({}, options).exit_code, 0);
    EXPECT_EQ(other.get().exit_code, 0);
    EXPECT_EQ(run.Attempts(), kUnits);
    run.ExpectCompleteAndIntact();
  }
}

TEST(StorageFaults, TwoJobsStartedOnOneRunByMistake) {
  const SmallRun run("work 30 2");
  auto other = std::async(std::launch::async, [&] { return run.Label(); });
  EXPECT_EQ(run.Label().exit_code, 0);
  EXPECT_EQ(other.get().exit_code, 0);
  EXPECT_EQ(run.Attempts(), kUnits);
  run.ExpectCompleteAndIntact();
}

void SetAge(const std::string& path, double age_s) {
  timespec times[2] = {};
  clock_gettime(CLOCK_REALTIME, &times[0]);
  times[0].tv_sec -= static_cast<time_t>(age_s);
  times[1] = times[0];
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

// Claims of a host that is gone, one hour old, and one hour in the future as after a clock was set back.
TEST(StorageFaults, StaleLeasesAreTakenOver) {
  for (const double age_s : {3600.0, -3600.0}) {
    const SmallRun run;
    EXPECT_EQ(run.Label().exit_code, 0);
    fs::remove_all(run.output + "/labels");
    fs::remove_all(run.output + "/ledger/records");
    fs::remove(run.output + "/ledger/snapshot");
    const std::vector<std::string> claims = run.FilesIn("claims");
    EXPECT_EQ(claims.size(), static_cast<size_t>(kUnits));
    for (const std::string& claim : claims) {
      std::ofstream(claim)
          << "{\"process\": \"r0\", \"host\": \"gone\", \"machine\": \"x\", \"process_start\": \"1\"}\n";
      SetAge(claim, age_s);
    }
    run.ExpectNextRunCompletes();
    EXPECT_EQ(run.FilesIn("claims").size(), 2u * kUnits);
  }
}

TEST(StorageFaults, TruncatedAndDamagedRecordsAreDoneAgain) {
  const SmallRun run;
  EXPECT_EQ(run.Label().exit_code, 0);
  const std::vector<std::string> records = run.FilesIn("records");
  ASSERT_EQ(records.size(), 1u);
  std::string text = ReadFile(records[0]);
  text[text.find("done") + 2] = 'x';
  text.resize(text.size() - 40);
  std::ofstream(records[0]) << text;
  fs::remove(run.output + "/ledger/snapshot");
  run.ExpectNextRunCompletes();
  EXPECT_EQ(run.Attempts(), kUnits + 2);
}

TEST(StorageFaults, LostRecordsAndClaimsAreFoundInTheLabels) {
  const SmallRun run;
  EXPECT_EQ(run.Label().exit_code, 0);
  fs::remove_all(run.output + "/ledger/records");
  fs::remove_all(run.output + "/ledger/claims");
  fs::remove(run.output + "/ledger/snapshot");
  run.ExpectNextRunCompletes();
}

TEST(StorageFaults, DamagedSnapshotIsIgnored) {
  const SmallRun run;
  EXPECT_EQ(run.Label().exit_code, 0);
  std::ofstream(run.output + "/ledger/snapshot", std::ios::app) << "x";
  run.ExpectNextRunCompletes();
  EXPECT_EQ(run.Attempts(), kUnits);
}

// As when a job runs under another account than the one before.
TEST(StorageFaults, DroppedPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can drop privileges";
  const SmallRun run;
  EXPECT_EQ(run.Label().exit_code, 0);
  fs::remove_all(run.output + "/ledger/claims");
  fs::remove_all(run.output + "/ledger/records");
  fs::remove(run.output + "/ledger/snapshot");
  ASSERT_EQ(chmod(run.folder.path().c_str(), 0755), 0);
  const ProgramResult result =
      run.Label({"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
  if (result.output.find("setpriv") != std::string::npos) GTEST_SKIP() << "SKIPPED: " << result.output;
  EXPECT_EQ(result.exit_code, 6) << result.output;
  EXPECT_HAS(result, "Permission denied");
  EXPECT_HAS(result, run.output);
  run.ExpectNextRunCompletes();
}

}  // namespace
}  // namespace foothold
