// SPDX-License-Identifier: Apache-2.0
#include "jobs/label_corpus_job.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <thread>

#include "foothold/base/log.h"
#include "foothold/base/timer.h"
#include "foothold/comm/world.h"
#include "foothold/config/command_line.h"
#include "foothold/corpus/open_units.h"
#include "foothold/corpus/quarantine_report.h"
#include "foothold/corpus/units_file.h"
#include "foothold/pipeline/program_options.h"
#include "foothold/pipeline/student_solver.h"
#include "jobs/drain.h"
#include "jobs/drain_deadline.h"

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
  RunUnits units;
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
  plan.units = MakeRunUnits(OpenUnits(plan.options.job.corpus));
  OptionSet label_set;
  plan.options.label.BindTo(&label_set);
  plan.label_identity =
      labeller.identity(plan.options.job, plan.options.label) + "\n" + label_set.Dump(/*labels_only=*/true);
  if (plan.options.label.start.init == "student")
    plan.label_identity += "\n" + StudentIdentity(plan.options.predict);
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

// Units or clips have no label, and never will by running again.
bool IsIncomplete(const LedgerState& state) {
  return state.Count(UnitStatus::kPartly) + state.Count(UnitStatus::kRejected) +
             state.Count(UnitStatus::kQuarantined) >
         0;
}

// One line for people and scripts, then where to look. Ranks that cannot talk know only their own sums.
void PrintSummary(const Plan& plan,
                  const LedgerState& state,
                  const std::vector<long>& sums,
                  double seconds,
                  const World& world) {
  const bool idle = sums[0] + sums[1] + sums[2] == 0;
  const auto count = [&](UnitStatus status) { return static_cast<long>(state.Count(status)); };
  std::printf(
      "label_corpus: %s%zu units: %ld labelled, %ld partly, %ld rejected, %ld quarantined, %ld open; ",
      idle && state.all_finished() ? "nothing to do, " : "",
      state.size(),
      count(UnitStatus::kDone),
      count(UnitStatus::kPartly),
      count(UnitStatus::kRejected),
      count(UnitStatus::kQuarantined),
      count(UnitStatus::kOpen));
  std::printf("this %s: %ld units, %ld clips, %ld frames in %.1f s on %d ranks\n",
              world.can_talk() ? "run" : "rank's share",
              sums[0],
              sums[3],
              sums[4],
              seconds,
              world.size());
  if (IsIncomplete(state)) {
    const char* output = plan.options.job.output.c_str();
    std::printf(
        "label_corpus: 'foothold corpus verify %s' says why; 'foothold corpus retry %s' opens them again\n",
        output,
        output);
  }
  std::fflush(stdout);
}

// One rank's work; the ledger stays open for the count at the end.
void Work(const Plan& plan,
          const CorpusLabeller& labeller,
          const World& world,
          std::optional<Ledger>* ledger,
          RankTotals* totals) {
  WorkerContext context{
      plan.options.job, plan.options.label, plan.options.predict, plan.options.job.output + "/labels"};
  context.label.run.threads = ThreadsOfRank(context.label.run.threads, world.local_size());
  UnitWorker worker;
  const UnitWorker lazy_worker = [&](const Unit& unit) {
    if (!worker) worker = labeller.make_worker(context);  // A run with nothing to do loads no model.
    return worker(unit);
  };
  // In a batch job of independent ranks, before the job is ended (slurm/label_corpus.sbatch).
  std::optional<DrainDeadline> deadline;
  if (!world.can_talk() && std::getenv("SLURM_JOB_ID") != nullptr)
    deadline.emplace(0.75 * plan.options.slurm.drain_s, [ledger] { (*ledger)->GiveBackClaims(); });
  RunRank(&**ledger, world.rank(), world.size(), lazy_worker, &DrainRequested, totals);
}

std::string Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

// The command that labels one unit alone, for a person who wants to see it fail.
std::string Reproduce(const ProgramOptions& options, const Unit& unit) {
  const JobOptions& job = options.job;
  std::string command = "foothold label " + ShellQuoted(Absolute(unit.path)) +
                        " -o /tmp/reproduced --config " +
                        ShellQuoted(Absolute(job.output + "/ledger/options.conf"));
  if (unit.begin > 0 || unit.end >= 0) {
    command +=
        " --frames " + std::to_string(unit.begin) + ":" + (unit.end < 0 ? "" : std::to_string(unit.end));
  }
  const NetworkOptions& networks =
      options.label.networks;  // Where they lie is not among the options recorded.
  if (options.label.perception.name == "networks") {
    command += " --networks.modules " + ShellQuoted(Absolute(networks.modules)) + " --networks.mast3r " +
               ShellQuoted(Absolute(networks.mast3r));
  }
  if (!job.body.empty()) command += " --body " + ShellQuoted(Absolute(job.body));
  if (options.label.start.init == "student")
    command += " --predict.model " + ShellQuoted(Absolute(options.predict.model));
  return command;
}

std::vector<size_t> RejectedAndQuarantined(const LedgerState& state) {
  std::vector<size_t> units;
  for (size_t i = 0; i < state.size(); ++i) {
    const UnitStatus status = state.StatusOf(i);
    if (status == UnitStatus::kRejected || status == UnitStatus::kQuarantined) units.push_back(i);
  }
  return units;
}

// Opens the ledger. Rank 0 also writes down the units and reopens what is to be tried again, before other
// ranks go on.
void OpenLedger(const Plan& plan, int rank, std::optional<Ledger>* ledger) {
  const JobOptions& job = plan.options.job;
  ledger->emplace(job.output + "/ledger", plan.options.ledger, ProcessName(rank), plan.units);
  (*ledger)->RequireSameOptions(plan.label_identity);
  (*ledger)->SetReproducer([options = plan.options](const Unit& unit) { return Reproduce(options, unit); });
  if (rank != 0) return;
  RememberUnits(job.output + "/ledger", *plan.units.list, plan.units.hash);
  if (!plan.options.ledger.retry_failed) return;
  (*ledger)->Refresh();
  const std::vector<size_t> units = RejectedAndQuarantined((*ledger)->state());
  (*ledger)->Reopen(units, "retry_failed");
  LogInfo(std::to_string(units.size()) + " units are tried again");
}

}  // namespace

bool WantsLearnedParts(int argc, const char* const* argv) {
  try {
    ProgramOptions options;
    OptionSet set;
    options.BindTo(&set);
    const RankCommandLine line = ParseRankCommandLine(argc, argv, set, kAliases);
    ResolveOptions(line.config_path, line.assignments, &set);
    return options.label.start.init == "student" || options.label.perception.name == "networks";
  } catch (const Error&) {
    return false;
  }
}

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
      world->Agree("corpus", plan.units.hash);
    });
    if (code != ExitCode::kOk) return code;  // Every rank saw the same.
    code = worst_of_all(Guarded([&] { OpenLedger(plan, world->rank(), &ledger); }));
    if (code != ExitCode::kOk) return code;

    code = Guarded([&] { Work(plan, labeller, *world, &ledger, &totals); });
    const std::vector<long> sums = world->Sum(
        {totals.done, totals.rejected, totals.failed, totals.clips, totals.frames, totals.drained ? 1 : 0});
    const ExitCode count_code = Guarded([&] {
      if (world->rank() != 0) return ledger->Follow(60);
      ledger->Refresh();
      ledger->WriteSnapshot();  // For the next run, and for who asks for its status.
    });
    if (count_code != ExitCode::kOk) code = code == ExitCode::kOk ? count_code : code;
    const LedgerState& state = ledger->state();
    if (world->rank() == 0) PrintSummary(plan, state, sums, timer.Seconds(), *world);
    if (code == ExitCode::kOk && !state.all_finished()) code = ExitCode::kInterrupted;
    if (code == ExitCode::kOk && IsIncomplete(state)) code = ExitCode::kIncomplete;
    return worst_of_all(code);
  } catch (const Error& error) {
    // MPI itself failed: others may wait for this rank for ever.
    LogError(error.what());
    world->Abort(static_cast<int>(error.exit_code()));
  }
}

}  // namespace foothold
