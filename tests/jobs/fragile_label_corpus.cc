// SPDX-License-Identifier: Apache-2.0
// label_corpus with a labeller whose worker process dies as the text of each "video" says:
//   done            a label
//   crash [once]    a segmentation fault, with a last word on stderr
//   exit            exit(3)
//   killed [once]   SIGKILL
//   hang            no sign of progress
//   slow            signs of progress for three times the watchdog's patience, then done
//   storage         a storage error
//   hog MEGABYTES   takes so much memory; a quarter less on each rung of the memory ladder; then done
//   orphan          tells its process id in <output>/worker and waits
// Every label says on which memory rung it was made; which worker made it is in <output>/workers.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/base/pulse.h"
#include "jobs/isolated_labeller.h"

namespace foothold {
namespace {

void Append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }

void TakeMemory(double megabytes) {
  const auto bytes = static_cast<size_t>(megabytes * 1e6);
  const std::vector<char> memory(bytes, 1);
  const volatile char kept = memory[bytes / 2];
  static_cast<void>(kept);
}

LedgerRecord WorkOn(const WorkerContext& context, const Unit& unit) {
  std::istringstream words(ReadFile(unit.path));
  std::string word, option;
  words >> word >> option;
  const std::string begun = context.job.output + "/begun-" + unit.Key();
  const bool first = !std::filesystem::exists(begun);
  Append(begun, std::to_string(getpid()) + "\n");
  const bool now = option != "once" || first;
  if (word == "crash" && now) {
    std::cerr << "a last word about " << unit.id << std::endl;
    raise(SIGSEGV);
  }
  if (word == "exit") std::_Exit(3);
  if (word == "killed" && now) raise(SIGKILL);
  if (word == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
  if (word == "slow") {
    for (int i = 0; i < 15; ++i) {
      std::this_thread::sleep_for(std::chrono::duration<double>(context.job.watchdog_s / 5));
      Pulse();
    }
  }
  if (word == "storage") throw Error(ErrorKind::kStorage, unit.path + ": the disk is full");
  if (word == "hog") TakeMemory(std::stod(option) * (1 - context.memory_rung / 4.0));
  if (word == "orphan") {
    WriteFileAtomically(context.job.output + "/worker", std::to_string(getpid()));
    for (;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      Pulse();
    }
  }
  const std::string label = context.labels_folder + "/" + unit.id + "/0.h5";
  std::filesystem::create_directories(std::filesystem::path(label).parent_path());
  WriteFileAtomically(label, "rung " + std::to_string(context.memory_rung));
  Append(context.job.output + "/workers", std::to_string(getpid()) + "\n");
  LedgerRecord record;
  record.event = LedgerRecord::Event::kDone;
  record.clips_done = 1;
  record.frames = 10;
  return record;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  using namespace foothold;
  CorpusLabeller labeller;
  labeller.identity = [](const JobOptions&, const LabelOptions&) { return "# fragile 1"; };
  labeller.make_worker = [](const WorkerContext& context) -> UnitWorker {
    return [context](const Unit& unit) { return WorkOn(context, unit); };
  };
  if (IsUnitWorker(argc, argv)) return RunUnitWorker(labeller);
  return static_cast<int>(RunLabelCorpus(argc, argv, Isolated(labeller)));
}
