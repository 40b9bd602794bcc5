// SPDX-License-Identifier: Apache-2.0
// Runs label_corpus many times with ranks that are killed, and compares each finished run with one that
// nothing disturbed.
//
//   kill_trials [--trials N] [--seed S] [--parallel P] [--real] [--program FILE] [--keep]
//
// In a trial, four ranks work on one output folder. Each of them has one of these fates, drawn by the
// trial's seed (about three in ten do not live):
//   - killed by SIGKILL at a random moment after the first claim;
//   - killed at the Nth pass of a commit step (FOOTHOLD_FAULT), each step in turn;
//   - stopped for longer than its lease and then continued, so that it finishes late what others took over;
//   - left alone.
// Then single ranks run until one exits with a verdict. Expected: every unit finished as in the undisturbed
// run, the same label files with the same bytes, nothing recorded twice with a difference, and for each
// kill at most one unit begun again. --real uses the true label_corpus on recorded clips instead of a
// labeller that writes small files.
//
// Default: 30 trials, 1,000 with FOOTHOLD_TEST_ALL (--real: 2 and 40). Prints one line of results.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "foothold/base/atomic_file.h"
#include "foothold/base/hash.h"
#include "foothold/base/parallel.h"
#include "foothold/base/random.h"
#include "foothold/base/timer.h"
#include "foothold/corpus/run_check.h"
#include "foothold/corpus/units_file.h"
#include "foothold/pipeline/synthetic_dataset.h"
#include "labels/body_file.h"

extern "C" char** environ;

namespace foothold {
namespace {

namespace fs = std::filesystem;

// Every step between a claim and its record at which dying matters.
const std::vector<std::string> kSteps = {"claim.begin",
                                         "claim.created",
                                         "claim.write",
                                         "claim.written",
                                         "file.created",
                                         "file.written",
                                         "file.synced",
                                         "file.linked",
                                         "file.committed",
                                         "record.begin",
                                         "record.half_line",
                                         "record.written",
                                         "record.synced",
                                         "quarantine.begin",
                                         "quarantine.reported"};

struct Settings {
  int trials = 0;
  int seed = 1;
  int parallel = 6;
  bool real = false, keep = false;
  std::string program;  // Empty: the one of this build.
};

// How a rank ends.
struct Fate {
  enum class Kind { kLives, kKilled, kDiesAtStep, kStopped };
  Kind kind = Kind::kLives;
  double after_s = 0;
  std::string fault;  // Of kDiesAtStep.
};

struct Corpus {
  std::string videos;
  std::map<std::string, std::string> hashes;  // Of the undisturbed run's labels, by path.
  std::vector<UnitStatus> statuses;
  std::vector<std::string> options;
};

struct Tally {
  std::mutex mutex;
  long trials = 0, kills = 0, step_kills = 0, stops = 0, units = 0, labels = 0;
  long lost = 0, duplicated = 0, corrupt = 0, different = 0, repeated_too_often = 0, no_verdict = 0;
  long repeated = 0;
  std::map<std::string, long> by_step;
  bool ok() const { return lost + duplicated + corrupt + different + repeated_too_often + no_verdict == 0; }
};

std::string ProgramOf(const Settings& settings) {
  if (!settings.program.empty()) return settings.program;
  return settings.real ? FOOTHOLD_LABEL_CORPUS : FOOTHOLD_FAKE_LABEL_CORPUS;
}

// Starts one rank without a launcher, as srun would.
pid_t Start(const Settings& settings,
            const Corpus& corpus,
            const std::string& output,
            int rank,
            int size,
            const std::string& fault) {
  std::vector<std::string> arguments = {ProgramOf(settings), "--corpus", corpus.videos, "--output", output};
  arguments.insert(arguments.end(), corpus.options.begin(), corpus.options.end());
  // The steps of a label's commit are to kill the rank, not each of its worker processes in turn.
  if (!fault.empty()) arguments.insert(arguments.end(), {"--job.isolate", "false"});
  std::vector<std::string> variables = {"SLURM_STEP_ID=0",
                                        "SLURM_PROCID=" + std::to_string(rank),
                                        "SLURM_STEP_NUM_TASKS=" + std::to_string(size)};
  if (!fault.empty()) variables.push_back("FOOTHOLD_FAULT=" + fault);
  std::vector<char*> argv, envp;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "SLURM_", 6) != 0) envp.push_back(*entry);
  }
  for (std::string& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const std::string log = output + ".log";

  const pid_t child = fork();
  if (child != 0) return child;
  const int descriptor = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0666);
  dup2(descriptor, 1);
  dup2(descriptor, 2);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

int WaitFor(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

std::map<std::string, std::string> HashesOf(const std::string& output) {
  std::map<std::string, std::string> hashes;
  for (const auto& entry : fs::recursive_directory_iterator(output + "/labels")) {
    if (entry.path().extension() == ".h5" && !entry.path().filename().string().starts_with('.'))
      hashes[entry.path().lexically_relative(output).string()] = HashFile(entry.path().string());
  }
  return hashes;
}

// How often units were begun, as the labeller that writes small files counts.
long AttemptsIn(const std::string& output) {
  long attempts = 0;
  for (const auto& entry : fs::directory_iterator(output)) {
    if (!entry.path().filename().string().starts_with("work-")) continue;
    const std::string text = ReadFile(entry.path().string());
    attempts += std::count(text.begin(), text.end(), '\n');
  }
  return attempts;
}

Fate DrawFate(RandomStream* random, int trial, int rank, double typical_s) {
  Fate fate;
  // In every other trial rank 0 dies at a step, the next one each time.
  if (rank == 0 && trial % 2 == 0) {
    const std::string step = kSteps[static_cast<size_t>(trial / 2) % kSteps.size()];
    const int last = step.starts_with("quarantine") ? 1 : 6;
    fate.kind = Fate::Kind::kDiesAtStep;
    fate.fault = step + ":" + std::to_string(random->UniformInt(1, last)) + ":kill";
    return fate;
  }
  const double draw = random->Uniform(0, 1);
  fate.after_s = random->Uniform(0, typical_s);
  if (draw < 0.27) fate.kind = Fate::Kind::kKilled;
  if (draw > 0.97) fate.kind = Fate::Kind::kStopped;
  return fate;
}

struct Blow {
  double at_s;
  pid_t child;
  int signal;
};

// Until some rank has claimed a unit: moments before are dull.
void WaitForWork(const std::string& output) {
  std::error_code error;
  for (const Timer timer; timer.Seconds() < 5; Sleep(0.002)) {
    if (fs::directory_iterator(output + "/ledger/claims", error) != fs::directory_iterator()) return;
  }
}

// Lets the ranks of a trial run to their ends. Returns how many were killed.
int RunRanks(const Settings& settings,
             const Corpus& corpus,
             const std::string& output,
             const std::vector<Fate>& fates,
             Tally* tally) {
  const int size = static_cast<int>(fates.size());
  std::vector<pid_t> children;
  std::vector<Blow> blows;
  for (int rank = 0; rank < size; ++rank) {
    const Fate& fate = fates[static_cast<size_t>(rank)];
    children.push_back(Start(settings, corpus, output, rank, size, fate.fault));
    if (fate.kind == Fate::Kind::kKilled) blows.push_back({fate.after_s, children.back(), SIGKILL});
    if (fate.kind == Fate::Kind::kStopped) {
      blows.push_back({fate.after_s, children.back(), SIGSTOP});
      blows.push_back({fate.after_s + 2, children.back(), SIGCONT});
    }
  }
  std::sort(blows.begin(), blows.end(), [](const Blow& a, const Blow& b) { return a.at_s < b.at_s; });
  WaitForWork(output);
  const Timer timer;
  for (const Blow& blow : blows) {
    Sleep(std::max(0.0, blow.at_s - timer.Seconds()));
    kill(blow.child, blow.signal);  // Not yet waited for, so the id is still its own.
  }
  int killed = 0;
  for (size_t rank = 0; rank < children.size(); ++rank) {
    if (WaitFor(children[rank]) != 128 + SIGKILL) continue;
    ++killed;
    if (fates[rank].kind != Fate::Kind::kDiesAtStep) continue;
    const std::lock_guard lock(tally->mutex);
    ++tally->step_kills;
    ++tally->by_step[fates[rank].fault.substr(0, fates[rank].fault.find(':'))];
  }
  return killed;
}

void Compare(const Settings& settings,
             const Corpus& corpus,
             const std::string& output,
             int killed,
             int stopped,
             int trial,
             Tally* tally) {
  const RunUnits units = UnitsOfRun(output);
  RunCheckOptions options;
  options.deep = true;
  const RunCheck check = CheckRun(output, units, options);
  const std::lock_guard lock(tally->mutex);
  const auto blame = [&](bool wrong, long* count, const std::string& what) {
    if (!wrong) return;
    ++*count;
    std::fprintf(stderr, "trial %d: %s (%s)\n", trial, what.c_str(), output.c_str());
  };
  for (size_t i = 0; i < corpus.statuses.size(); ++i) {
    const UnitStatus status = check.records.state.StatusOf(i);
    blame(status != corpus.statuses[i],
          &tally->lost,
          "unit '" + units.list->At(i).id + "' is " + NameOf(status));
  }
  for (const RunProblem& problem : check.problems) {
    const bool twice =
        problem.kind == RunProblem::Kind::kConflict || problem.kind == RunProblem::Kind::kOrphan;
    blame(true, twice ? &tally->duplicated : &tally->corrupt, problem.message);
  }
  blame(HashesOf(output) != corpus.hashes, &tally->different, "labels differ from the undisturbed run's");
  tally->units += static_cast<long>(units.list->size());
  tally->labels += check.labels;
  tally->kills += killed;
  tally->stops += stopped;
  if (settings.real) return;
  // The unit that always fails is begun five times in every run.
  const long repeated = AttemptsIn(output) - static_cast<long>(units.list->size()) - 4;
  tally->repeated += std::max(0L, repeated);
  blame(repeated > killed + 2 * stopped,
        &tally->repeated_too_often,
        std::to_string(repeated) + " units begun again after " + std::to_string(killed) + " kills");
}

void RunTrial(
    const Settings& settings, const Corpus& corpus, const std::string& folder, int trial, Tally* tally) {
  const std::string output = folder + "/trial" + std::to_string(trial);
  RandomStream random(static_cast<uint64_t>(settings.seed), "kill_trial " + std::to_string(trial));
  std::vector<Fate> fates;
  int stopped = 0;
  for (int rank = 0; rank < (settings.real ? 3 : 4); ++rank) {
    fates.push_back(DrawFate(&random, trial, rank, settings.real ? 1.5 : 0.4));
    stopped += fates.back().kind == Fate::Kind::kStopped ? 1 : 0;
  }
  const int killed = RunRanks(settings, corpus, output, fates, tally);
  // 0 and 4 are verdicts; 9 cannot come without a signal.
  const int code = WaitFor(Start(settings, corpus, output, 0, 1, ""));
  {
    const std::lock_guard lock(tally->mutex);
    ++tally->trials;
    if (code != 0 && code != 4) {
      ++tally->no_verdict;
      std::fprintf(
          stderr, "trial %d: the last rank ended with code %d (%s.log)\n", trial, code, output.c_str());
      return;
    }
  }
  Compare(settings, corpus, output, killed, stopped, trial, tally);
  if (settings.keep) return;
  std::error_code ignored;
  fs::remove_all(output, ignored);
  fs::remove(output + ".log", ignored);
}

Corpus MakeCorpus(const Settings& settings, const std::string& folder) {
  Corpus corpus;
  corpus.videos = folder + "/videos";
  corpus.options = {"--ledger.heartbeat_s", "0.2", "--ledger.lease_heartbeats", "8"};
  if (settings.real) {
    SyntheticDataset dataset;
    dataset.dir = corpus.videos;
    dataset.num_clips = 3;
    dataset.seed = 5;
    dataset.options.num_frames = 16;
    dataset.options.width = 256;
    dataset.options.height = 192;
    dataset.options.num_people = 1;
    WriteSyntheticDataset(dataset, labels::ReadBodyModel(labels::DefaultBodyModelPath()), 2);
    for (const char* word :
         {"--perception.name", "recorded", "--run.threads", "1", "--ledger.max_attempts", "9"})
      corpus.options.push_back(word);
  } else {
    fs::create_directories(corpus.videos);
    for (int i = 0; i < 24; ++i) {
      std::ofstream(corpus.videos + "/v" + std::to_string(i) + ".mp4")
          << "work " << 10 + 30 * (i % 4) << " " << 1 + i % 3 << "\n";
    }
    std::ofstream(corpus.videos + "/broken.mp4") << "fail\n";
    corpus.options.insert(corpus.options.end(), {"--ledger.max_attempts", "5"});
  }
  const std::string output = folder + "/undisturbed";
  const int code = WaitFor(Start(settings, corpus, output, 0, 1, ""));
  if (code != (settings.real ? 0 : 4)) {
    std::fprintf(stderr, "the undisturbed run ended with code %d; see %s.log\n", code, output.c_str());
    std::exit(1);
  }
  corpus.hashes = HashesOf(output);
  const RunRecords records = ReadRunRecords(output, UnitsOfRun(output));
  for (size_t i = 0; i < records.state.size(); ++i) corpus.statuses.push_back(records.state.StatusOf(i));
  return corpus;
}

Settings ParseArguments(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (word == "--trials") {
      settings.trials = number();
    } else if (word == "--seed") {
      settings.seed = number();
    } else if (word == "--parallel") {
      settings.parallel = std::max(1, number());
    } else if (word == "--program" && i + 1 < argc) {
      settings.program = argv[++i];
    } else if (word == "--real") {
      settings.real = true;
    } else if (word == "--keep") {
      settings.keep = true;
    } else {
      std::fprintf(
          stderr,
          "usage: kill_trials [--trials N] [--seed S] [--parallel P] [--real] [--program FILE] [--keep]\n");
      std::exit(2);
    }
  }
  if (settings.trials <= 0) {
    const bool all = std::getenv("FOOTHOLD_TEST_ALL") != nullptr;
    settings.trials = settings.real ? (all ? 40 : 2) : (all ? 1000 : 30);
  }
  return settings;
}

int Main(const Settings& settings) {
  std::string folder = (fs::temp_directory_path() / "kill-trials-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const Timer timer;
  const Corpus corpus = MakeCorpus(settings, folder);
  Tally tally;
  std::atomic<int> next{0};
  ParallelFor(settings.parallel, settings.parallel, [&](int) {
    for (int trial = next++; trial < settings.trials; trial = next++)
      RunTrial(settings, corpus, folder, trial, &tally);
  });
  std::printf(
      "kill_trials%s: %ld trials, %ld ranks killed (%ld at commit steps, %zu of %zu steps), %ld stopped and "
      "continued; of %ld units and %ld labels: %ld lost, %ld duplicated, %ld corrupt; %ld runs differ from "
      "the "
      "undisturbed one; %ld units begun again, too often in %ld trials; %ld without a verdict; %.0f s\n",
      settings.real ? " --real" : "",
      tally.trials,
      tally.kills,
      tally.step_kills,
      tally.by_step.size(),
      kSteps.size(),
      tally.stops,
      tally.units,
      tally.labels,
      tally.lost,
      tally.duplicated,
      tally.corrupt,
      tally.different,
      tally.repeated,
      tally.repeated_too_often,
      tally.no_verdict,
      timer.Seconds());
  for (const auto& [step, count] : tally.by_step) std::printf("  %-20s %ld\n", step.c_str(), count);
  std::error_code ignored;
  if (tally.ok() && !settings.keep) fs::remove_all(folder, ignored);
  return tally.ok() ? 0 : 1;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(foothold::ParseArguments(argc, argv)); }
