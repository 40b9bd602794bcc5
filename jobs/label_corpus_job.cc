// SPDX-License-Identifier: Apache-2.0
#include "jobs/label_corpus_job.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <thread>

#include "foothold/base/log.h"
#include "foothold/base/timer.h"
#include "foothold/comm/world.h"
#include "foothold/config/command_line.h"
#include "foothold/pipeline/program_options.h"
#include "jobs/drain.h"

namespace foothold {
namespace {

constexpr char kUsage[] =
    "usage: label_corpus --corpus LIST_OR_FOLDER --output DIR [--config FILE] [--section.name VALUE ...]\n"
    "Labels the videos of a corpus, alone or under mpirun or srun. Run it again to continue or to add "
    "videos.";

const std::map<std::string, std::string> kAliases = {
    {"corpus", "job.corpus"}, {"output", "job.output"}, {"body", "job.body"}};

// Everything that the start decides, the same on every rank.
struct Plan {
  ProgramOptions options;
  Corpus corpus;
  std::string label_identity;  // Options that affect labels, program and body.
  bool stop = false;           // --help or --print-config: nothing to run.
};

// Which of two ranks' codes the whole job ends with: the one that needs action first.
int Severity(ExitCode code) {
  switch (code) {
    case ExitCode::kOk:
      return 0;
    case ExitCode::kIncomplete:
      return 1;
    case ExitCode::kInterrupted:
      return 2;
    case ExitCode::kBadInput:
      return 3;
    case ExitCode::kUsage:
      return 4;
    case ExitCode::kFailure:
      return 5;
    case ExitCode::kContract:
      return 6;
    case ExitCode::kDevice:
      return 7;
    case ExitCode::kNetwork:
      return 8;
    case ExitCode::kStorage:
      return 9;
  }
  return 5;
}

ExitCode CodeOfSeverity(int severity) {
  for (int code = 0; code <= 9; ++code) {
    if (Severity(static_cast<ExitCode>(code)) == severity) return static_cast<ExitCode>(code);
  }
  return ExitCode::kFailure;
}

// Runs `work`; an exception becomes a log line and its exit code.
template <class Work>
ExitCode Guarded(const Work& work) {
  try {
    work();
    return ExitCode::kOk;
  } catch (const Error& error) {
    LogError(error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    LogError(std::string("unexpected failure: ") + error.what());
    return ExitCode::kFailure;
  }
}

// run.threads = 0: the cores that this process may use, shared among the ranks of the host unless the
// launcher bound each to its own.
int ThreadsOfRank(int threads, int ranks_on_host) {
  if (threads > 0) return threads;
  const int cores = std::max(1u, std::thread::hardware_concurrency());
  cpu_set_t set;
  CPU_ZERO(&set);
  const int allowed = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : cores;
  const bool bound = allowed < static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return std::max(1, bound ? allowed : allowed / std::max(1, ranks_on_host));
}

Plan MakePlan(int argc, const char* const* argv, const CorpusLabeller& labeller, int rank) {
  Plan plan;
  OptionSet set;
  plan.options.BindTo(&set);
  const RankCommandLine line = ParseRankCommandLine(argc, argv, set, kAliases);
  if (line.help) {
    if (rank == 0) std::cout << RankCommandLineHelp(kUsage, set, kAliases);
    plan.stop = true;
    return plan;
  }
  ResolveOptions(line.config_path, line.assignments, &set);
  SetLogLevel(LogLevelOf(plan.options.label.run.log_level));
  if (line.print_config) {
    if (rank == 0) std::cout << set.Dump();
    plan.stop = true;
    return plan;
  }
  if (plan.options.job.corpus.empty() || plan.options.job.output.empty()) {
    throw Error(ErrorKind::kUsage,
                std::string("--") + (plan.options.job.corpus.empty() ? "corpus" : "output") +
                    " is missing (or [job] in the config file)\n" + kUsage);
  }
  plan.corpus = ReadCorpus(plan.options.job.corpus);
  OptionSet label_set;
  plan.options.label.BindTo(&label_set);
  plan.label_identity = labeller.identity(plan.options.job) + "\n" + label_set.Dump(/*labels_only=*/true);
  return plan;
}

// Unique among the processes that may work on one ledger at a time, with the process id added.
std::string ProcessName(int rank) {
  const char* job = std::getenv("SLURM_JOB_ID");
  char host[64] = "host";
  gethostname(host, sizeof(host) - 1);
  return (job != nullptr ? "slurm-" + std::string(job) + "-" : std::string()) + host + "-r" +
         std::to_string(rank);
}

struct UnitCounts {
  long done = 0, partly = 0, rejected = 0, quarantined = 0, open = 0;
};

UnitCounts Count(const Corpus& corpus, const Ledger& ledger) {
  UnitCounts counts;
  for (const Unit& unit : corpus.units) {
    switch (ledger.StatusOf(unit)) {
      case Ledger::Status::kOpen:
        ++counts.open;
        break;
      case Ledger::Status::kRejected:
        ++counts.rejected;
        break;
      case Ledger::Status::kQuarantined:
        ++counts.quarantined;
        break;
      case Ledger::Status::kDone:
        ++(ledger.FinalRecordOf(unit)->clips_rejected > 0 ? counts.partly : counts.done);
    }
  }
  return counts;
}

// One line for people and scripts, then where to look. Ranks that cannot talk know only their own sums.
void PrintSummary(const Plan& plan,
                  const UnitCounts& counts,
                  const std::vector<long>& sums,
                  double seconds,
                  const World& world) {
  const bool idle = sums[0] + sums[1] + sums[2] == 0;
  std::printf(
      "label_corpus: %s%zu units: %ld labelled, %ld partly, %ld rejected, %ld quarantined, %ld open; ",
      idle && counts.open == 0 ? "nothing to do, " : "",
      plan.corpus.units.size(),
      counts.done,
      counts.partly,
      counts.rejected,
      counts.quarantined,
      counts.open);
  std::printf("this %s: %ld units, %ld clips, %ld frames in %.1f s on %d ranks\n",
              world.can_talk() ? "run" : "rank's share",
              sums[0],
              sums[3],
              sums[4],
              seconds,
              world.size());
  if (counts.partly + counts.rejected + counts.quarantined > 0) {
    std::printf(
        "label_corpus: reasons are in %s/ledger/records and quarantine; after a repair, "
        "--ledger.retry_failed true tries these units again\n",
        plan.options.job.output.c_str());
  }
  std::fflush(stdout);
}

// One rank's work; the ledger stays open for the count at the end.
void Work(const Plan& plan,
          const CorpusLabeller& labeller,
          const World& world,
          std::optional<Ledger>* ledger,
          RankTotals* totals) {
  WorkerContext context{plan.options.job, plan.options.label, plan.options.job.output + "/labels"};
  context.label.run.threads = ThreadsOfRank(context.label.run.threads, world.local_size());
  UnitWorker worker;
  const UnitWorker lazy_worker = [&](const Unit& unit) {
    if (!worker) worker = labeller.make_worker(context);  // A run with nothing to do loads no model.
    return worker(unit);
  };
  RunRank(plan.corpus, &**ledger, world.rank(), world.size(), lazy_worker, &DrainRequested, totals);
}

// Opens the ledger; on rank 0 also lifts quarantines, before other ranks go on.
void OpenLedger(const Plan& plan, int rank, std::optional<Ledger>* ledger) {
  ledger->emplace(plan.options.job.output + "/ledger", plan.options.ledger, ProcessName(rank));
  (*ledger)->RequireSameOptions(plan.label_identity);
  if (rank == 0 && plan.options.ledger.retry_failed) {
    LogInfo(std::to_string((*ledger)->LiftQuarantine()) + " units are tried again");
  }
}

}  // namespace

ExitCode RunLabelCorpus(int argc, const char* const* argv, const CorpusLabeller& labeller) {
  const Timer timer;
  std::optional<World> world;
  ExitCode code = Guarded([&] { world.emplace(); });
  if (code != ExitCode::kOk) return code;
  if (world->size() > 1) ErrorContext::SetRank(world->rank());
  InstallDrainHandler();

  // No rank waits in vain for one that failed: after each step all ranks hear of the worst code.
  const auto worst_of_all = [&](ExitCode own) { return CodeOfSeverity(world->Max(Severity(own))); };
  Plan plan;
  std::optional<Ledger> ledger;
  RankTotals totals;
  try {
    code = worst_of_all(Guarded([&] { plan = MakePlan(argc, argv, labeller, world->rank()); }));
    if (code != ExitCode::kOk || plan.stop) return code;
    code = Guarded([&] {
      world->Agree("options, program or body model", plan.label_identity);
      world->Agree("corpus", plan.corpus.Fingerprint());
    });
    if (code != ExitCode::kOk) return code;  // Every rank saw the same.
    code = worst_of_all(Guarded([&] { OpenLedger(plan, world->rank(), &ledger); }));
    if (code != ExitCode::kOk) return code;

    code = Guarded([&] { Work(plan, labeller, *world, &ledger, &totals); });
    const std::vector<long> sums = world->Sum(
        {totals.done, totals.rejected, totals.failed, totals.clips, totals.frames, totals.drained ? 1 : 0});
    UnitCounts counts;
    const ExitCode count_code = Guarded([&] {
      ledger->Refresh();
      counts = Count(plan.corpus, *ledger);
    });
    if (count_code != ExitCode::kOk) code = code == ExitCode::kOk ? count_code : code;
    if (world->rank() == 0) PrintSummary(plan, counts, sums, timer.Seconds(), *world);
    if (code == ExitCode::kOk && counts.open > 0) code = ExitCode::kInterrupted;
    const bool incomplete = counts.partly + counts.rejected + counts.quarantined > 0;
    if (code == ExitCode::kOk && incomplete) code = ExitCode::kIncomplete;
    return worst_of_all(code);
  } catch (const Error& error) {
    // MPI itself failed: others may wait for this rank for ever.
    LogError(error.what());
    world->Abort(static_cast<int>(error.exit_code()));
  }
}

}  // namespace foothold
