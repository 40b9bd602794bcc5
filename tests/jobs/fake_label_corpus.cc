// SPDX-License-Identifier: Apache-2.0
// label_corpus with a labeller that does what the text of each "video" says:
//   done [CLIPS [REJECTED]]   that many label files
//   work MS [CLIPS]           the same after MS milliseconds, drain or not
//   reject                    bad input
//   fail                      an internal error
//   storage                   a storage error
//   kill                      SIGKILL to itself, only in the first attempt when "kill once"
//   log_and_kill              a log line, then SIGKILL to itself
//   signal                    SIGUSR1 to itself, then done
//   wait_for_file NAME        done once <output>/NAME exists, drain or not
//   wait_for_signal           done once a drain is asked for; <output>/waiting tells that it waits
// Every label is a pure function of the unit; how often each unit was worked on is kept in <output>/work.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "foothold/base/atomic_file.h"
#include "foothold/base/log.h"
#include "foothold/corpus/label_files.h"
#include "jobs/drain.h"
#include "jobs/label_corpus_job.h"

namespace foothold {
namespace {

void CommitLabel(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  AtomicFile file(path);
  std::ofstream(file.temporary_path()) << text;
  file.Commit();
}

LedgerRecord WorkOn(const WorkerContext& context, const Unit& unit) {
  std::istringstream words(ReadFile(unit.path));
  std::string word, option;
  words >> word;
  const std::string log = context.job.output + "/work-" + unit.Key();
  const char* node = std::getenv("SLURMD_NODENAME");
  std::ofstream(log, std::ios::app) << getpid() << "@" << (node != nullptr ? node : "") << "\n";
  if (word == "reject")
    throw Error(ErrorKind::kBadInput, unit.path + ": nobody is visible").WithReason("no_people");
  if (word == "fail") throw std::runtime_error("a bug");
  if (word == "storage") throw Error(ErrorKind::kStorage, unit.path + ": the disk is full");
  if (word == "log_and_kill") {
    LogInfo("about to die");
    raise(SIGKILL);
  }
  if (word == "kill") {
    words >> option;
    std::ifstream attempts(log);
    std::string first, second;
    if (option != "once" || !(attempts >> first >> second)) raise(SIGKILL);
  }
  int pause_ms = 0;
  if (word == "work") words >> pause_ms;
  std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));  // Signals or not, unlike usleep.
  if (word == "wait_for_file") {
    words >> option;
    while (!std::filesystem::exists(context.job.output + "/" + option)) usleep(10000);
  }
  if (word == "signal") raise(SIGUSR1);
  if (word == "wait_for_signal") {
    std::ofstream(context.job.output + "/waiting") << "\n";
    while (!DrainRequested()) usleep(10000);
  }
  LedgerRecord record;
  record.event = LedgerRecord::Event::kDone;
  record.clips_done = 1;
  if (word == "done" || word == "work") words >> record.clips_done >> record.clips_rejected;
  record.frames = 10 * record.clips_done;
  for (int i = 0; i < record.clips_done; ++i) {
    const std::string path = context.labels_folder + "/" + unit.id + "/" + std::to_string(i) + ".h5";
    CommitLabel(path, "label of " + unit.id);
    record.labels.push_back(DescribeLabel(context.labels_folder, path, 10));
  }
  return record;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  using namespace foothold;
  CorpusLabeller labeller;
  labeller.identity = [](const JobOptions& job, const LabelOptions&) { return "# fake 1, body " + job.body; };
  labeller.make_worker = [](const WorkerContext& context) -> UnitWorker {
    return [context](const Unit& unit) { return WorkOn(context, unit); };
  };
  return static_cast<int>(RunLabelCorpus(argc, argv, labeller));
}
