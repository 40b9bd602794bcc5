// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

#include "foothold/base/atomic_file.h"
#include "foothold/corpus/unit_queue.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

LedgerOptions Options() {
  LedgerOptions options;
  options.heartbeat_s = 1000;  // Deaths are noticed by process id, not by waiting.
  return options;
}

RunUnits MakeUnits(int count) {
  Corpus corpus;
  for (int i = 0; i < count; ++i) corpus.units.push_back({"u" + std::to_string(100 + i), "", 0, -1});
  return MakeRunUnits(std::make_shared<UnitsInMemory>(corpus));
}

pid_t Fork(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    body();
    _exit(0);
  } catch (const std::exception& error) {
    fprintf(stderr, "%s\n", error.what());
    _exit(1);
  }
}

// A rank: labels are files made through AtomicFile, one per unit. Appends to a log what it committed.
// Dies by SIGKILL at step `kill_step` (0: never): 1 after the claim, 2 with the label half written,
// 3 after the label's commit, before the record. With `poison` it always dies on that unit.
void RunRank(const std::string& folder,
             const RunUnits& units,
             int rank,
             int size,
             int kill_step,
             const std::string& poison) {
  Ledger ledger(folder + "/ledger", Options(), "r" + std::to_string(rank), units);
  UnitQueue queue(&ledger, rank, size);
  int worked = 0;
  while (!queue.all_finished()) {
    auto claim = queue.Next();
    if (claim == nullptr) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    const std::string& id = claim->unit().id;
    if (id == poison) raise(SIGKILL);
    ++worked;
    if (kill_step == 1 && worked == 2) raise(SIGKILL);
    AtomicFile label(folder + "/labels/" + id);
    std::ofstream(label.temporary_path()) << "label of " << id;
    if (kill_step == 2 && worked == 2) raise(SIGKILL);
    const bool first = label.Commit();
    if (kill_step == 3 && worked == 2) raise(SIGKILL);
    LedgerRecord record;
    record.event = LedgerRecord::Event::kDone;
    record.reason = first ? "" : "already_done";
    claim->Finish(record);
  }
}

void ExpectAllLabels(const std::string& folder, const RunUnits& units, const std::string& except = "") {
  const Ledger ledger(folder + "/ledger", Options(), "reader", units);
  for (size_t i = 0; i < units.list->size(); ++i) {
    const Unit unit = units.list->At(i);
    if (unit.id == except) continue;
    EXPECT_EQ(ReadFile(folder + "/labels/" + unit.id), "label of " + unit.id);
    EXPECT_EQ(ledger.state().StatusOf(i), UnitStatus::kDone) << unit.id;
  }
}

void WaitForAll(const std::vector<pid_t>& children) {
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  }
}

int CountClaims(const std::string& folder) {
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder + "/ledger/claims"))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

TEST(LedgerProcesses, FourProcessesDoEachUnitOnce) {
  const TemporaryFolder folder;
  fs::create_directories(folder.File("labels"));
  const RunUnits units = MakeUnits(60);
  std::vector<pid_t> children;
  for (int rank = 0; rank < 4; ++rank) {
    children.push_back(Fork([&, rank] { RunRank(folder.path(), units, rank, 4, 0, ""); }));
  }
  WaitForAll(children);
  ExpectAllLabels(folder.path(), units);
  EXPECT_EQ(CountClaims(folder.path()), 60);  // No unit needed a second attempt.
}

TEST(LedgerProcesses, KilledRanksWorkIsTakenOver) {
  for (int kill_step = 1; kill_step <= 3; ++kill_step) {
    const TemporaryFolder folder;
    fs::create_directories(folder.File("labels"));
    const RunUnits units = MakeUnits(20);
    const pid_t victim = Fork([&] { RunRank(folder.path(), units, 0, 3, kill_step, ""); });
    int status = 0;
    ASSERT_EQ(waitpid(victim, &status, 0), victim);
    ASSERT_TRUE(WIFSIGNALED(status));
    std::vector<pid_t> children;
    for (int rank = 1; rank < 3; ++rank) {
      children.push_back(Fork([&, rank] { RunRank(folder.path(), units, rank, 3, 0, ""); }));
    }
    WaitForAll(children);
    ExpectAllLabels(folder.path(), units);
    EXPECT_EQ(CountClaims(folder.path()), 21) << "kill step " << kill_step;
  }
}

TEST(LedgerProcesses, RestartAfterAKillContinues) {
  const TemporaryFolder folder;
  fs::create_directories(folder.File("labels"));
  const RunUnits units = MakeUnits(5);
  const pid_t victim = Fork([&] { RunRank(folder.path(), units, 0, 1, 3, ""); });
  int status = 0;
  ASSERT_EQ(waitpid(victim, &status, 0), victim);
  WaitForAll({Fork([&] { RunRank(folder.path(), units, 0, 1, 0, ""); })});
  ExpectAllLabels(folder.path(), units);
}

TEST(LedgerProcesses, PoisonUnitIsQuarantinedAfterThreeDeaths) {
  const TemporaryFolder folder;
  fs::create_directories(folder.File("labels"));
  const RunUnits units = MakeUnits(6);
  const std::string poison = "u103";
  int deaths = 0;
  for (int run = 0; run < 5; ++run) {
    const pid_t child = Fork([&] { RunRank(folder.path(), units, 0, 1, 0, poison); });
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    deaths += WIFSIGNALED(status) ? 1 : 0;
  }
  EXPECT_EQ(deaths, 3);
  ExpectAllLabels(folder.path(), units, poison);
  const Ledger ledger(folder.File("ledger"), Options(), "reader", units);
  EXPECT_EQ(ledger.state().StatusOf(3), UnitStatus::kQuarantined);
}

TEST(LedgerProcesses, LivingNeighbourIsNotTakenForDead) {
  const TemporaryFolder folder;
  const RunUnits units = MakeUnits(1);
  Ledger ledger(folder.File("ledger"), Options(), "parent", units);
  const auto claim = ledger.TryClaim(0, Ledger::Effort::kIfLost);
  WaitForAll({Fork([&] {
    Ledger other(folder.File("ledger"), Options(), "child", units);
    if (other.TryClaim(0, Ledger::Effort::kIfLost) != nullptr)
      throw std::runtime_error("took a living claim");
  })});
}

}  // namespace
}  // namespace foothold
