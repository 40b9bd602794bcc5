// SPDX-License-Identifier: Apache-2.0
// Makes the run folder of a large corpus that was interrupted at its end, and measures what a person
// waits for: how long until a restarted rank begins its first unit, and until the counts of units are
// known, with and without a snapshot; and the memory of each.
//
//   ledger_scale [--units N] [--folder F]
//
// Default: 20,000 units; 1,000,000 with FOOTHOLD_TEST_ALL, where it also holds the results against the
// limits of docs/performance.md (10 s, 5 s, 1 GiB) and fails beyond them.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "foothold/base/timer.h"
#include "foothold/corpus/run_records.h"
#include "foothold/corpus/unit_queue.h"
#include "foothold/corpus/units_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr int kRanks = 64;
constexpr int kOpen = 1000;  // Units left, at most.

Unit UnitNumber(int i) {
  Unit unit;
  unit.id = "shard-" + std::to_string(i / 1000) + "/clip-" + std::to_string(i) + ".mp4";
  unit.path = "/data/videos/" + unit.id;
  unit.cost_s = 6 + i % 600;
  return unit;
}

Corpus MakeCorpus(int count) {
  Corpus corpus;
  for (int i = 0; i < count; ++i) corpus.units.push_back(UnitNumber(i));
  return corpus;
}

// One of 50 units failed once before it was done, one of 100 was rejected, as many lost some clips.
std::string RecordsOf(int i) {
  LedgerRecord record;
  const Unit unit = UnitNumber(i);
  record.unit_id = unit.id;
  record.unit_key = unit.Key();
  record.host = "node-17";
  record.process = "slurm-123456-node-17-r3";
  record.attempt = 1;
  record.time_unix_s = 1800000000;
  std::string text;
  if (i % 50 == 7) {
    record.reason = "internal_error";
    record.message = "a bug";
    text = FormatRecord(record) + "\n";
    record.attempt = 2;
  }
  record.event = i % 100 == 3 ? LedgerRecord::Event::kRejected : LedgerRecord::Event::kDone;
  if (record.event == LedgerRecord::Event::kDone) {
    record.clips_done = 1;
    record.clips_rejected = i % 100 == 4 ? 1 : 0;
    record.frames = 300;
    record.labels = {{unit.id + "/clip.h5", 300, 1234567, "00112233445566778899aabbccddeeff"}};
  }
  record.seconds = 61.25;
  return text + FormatRecord(record) + "\n";
}

void MakeRun(const std::string& output, int count) {
  const std::string ledger = output + "/ledger";
  fs::create_directories(ledger + "/records");
  std::ofstream(ledger + "/format") << "foothold-ledger 2\n";
  const auto list = std::make_shared<UnitsInMemory>(MakeCorpus(count));
  RememberUnits(ledger, *list, MakeRunUnits(list).hash);
  std::vector<std::ofstream> files;
  for (int rank = 0; rank < kRanks; ++rank)
    files.emplace_back(ledger + "/records/slurm-r" + std::to_string(rank) + ".jsonl");
  const int open = std::min(kOpen, count / 10);
  for (int i = 0; i < count - open; ++i) files[static_cast<size_t>(i % kRanks)] << RecordsOf(i);
}

struct Cost {
  double seconds = 0;
  double peak_mib = 0;
};

// In a process of its own, so that its memory is its own. Exits when `work` says something is wrong.
Cost Measure(const std::string& what, const std::function<bool()>& work) {
  const Timer timer;
  const pid_t child = fork();
  if (child == 0) _exit(work() ? 0 : 1);
  int status = 0;
  struct rusage usage {};
  wait4(child, &status, 0, &usage);
  const Cost cost = {timer.Seconds(), static_cast<double>(usage.ru_maxrss) / 1024};
  std::printf("%-44s %6.2f s  %6.0f MiB\n", what.c_str(), cost.seconds, cost.peak_mib);
  std::fflush(stdout);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return cost;
  std::fprintf(stderr, "%s: wrong result\n", what.c_str());
  std::exit(1);
}

// What label_corpus does until its first unit.
bool BeginFirstUnit(const std::string& output, int count, bool leave_snapshot) {
  const RunUnits units = MakeRunUnits(std::make_shared<UnitsInMemory>(MakeCorpus(count)));
  Ledger ledger(output + "/ledger", LedgerOptions(), "rank", units);
  UnitQueue queue(&ledger, 5, kRanks);
  const auto claim = queue.Next();
  if (leave_snapshot) ledger.WriteSnapshot();
  return claim != nullptr && static_cast<int>(claim->unit_index()) >= count - std::min(kOpen, count / 10);
}

bool CountUnits(const std::string& output, int count) {
  const RunUnits units = UnitsOfRun(output);
  const LedgerState state = ReadRunState(output, units);
  const size_t finished = static_cast<size_t>(count - std::min(kOpen, count / 10));
  const size_t rejected = (finished + 96) / 100, partly = (finished + 95) / 100;
  return state.size() == static_cast<size_t>(count) && state.Count(UnitStatus::kOpen) == count - finished &&
         state.Count(UnitStatus::kRejected) == rejected && state.Count(UnitStatus::kPartly) == partly;
}

int Main(int argc, char** argv) {
  const bool full = std::getenv("FOOTHOLD_TEST_ALL") != nullptr;
  int count = full ? 1000000 : 20000;
  std::string folder;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--units") count = std::atoi(argv[i + 1]);
    if (std::string(argv[i]) == "--folder") folder = argv[i + 1];
  }
  if (folder.empty()) {
    folder = (fs::temp_directory_path() / "ledger-scale-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return 1;
  }
  const std::string output = folder + "/run";
  std::printf("%d units, records of %d ranks, in %s\n", count, kRanks, output.c_str());
  Measure("make the run folder", [&] { return MakeRun(output, count), true; });
  const std::vector<Cost> resumes = {
      Measure("first unit begins, all records read", [&] { return BeginFirstUnit(output, count, false); }),
      Measure("the same, and a snapshot is written", [&] { return BeginFirstUnit(output, count, true); }),
      Measure("first unit begins, from the snapshot", [&] { return BeginFirstUnit(output, count, false); })};
  const Cost with_snapshot = Measure("counts, from the snapshot", [&] { return CountUnits(output, count); });
  fs::remove(output + "/ledger/snapshot");
  const Cost without = Measure("counts, all records read", [&] { return CountUnits(output, count); });
  std::error_code ignored;
  fs::remove_all(folder, ignored);

  bool good = true;
  for (const Cost& cost : resumes) good = good && cost.seconds <= 10 && cost.peak_mib <= 1024;
  for (const Cost& cost : {with_snapshot, without}) good = good && cost.seconds <= 5 && cost.peak_mib <= 1024;
  if (full && !good) std::fprintf(stderr, "beyond the limits\n");
  return full && !good ? 1 : 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
