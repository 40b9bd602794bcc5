// SPDX-License-Identifier: Apache-2.0
#include "jobs/train_student_job.h"

#include <iostream>
#include <map>
#include <optional>

#include "foothold/base/log.h"
#include "foothold/config/command_line.h"
#include "jobs/drain.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr char kUsage[] =
    "usage: train_student --labels DIR --output DIR [--config FILE] [--section.name VALUE ...]\n"
    "Trains the student on labels, alone or under mpirun or srun. Run it again to go on from the last "
    "checkpoint.";

const std::map<std::string, std::string> kAliases = {
    {"labels", "train.labels"}, {"held-out", "train.held_out"}, {"output", "train.output"}};

// Nothing: --help or --print-config was asked for.
std::optional<ProgramOptions> ReadOptions(int argc, const char* const* argv, int rank) {
  ProgramOptions options;
  OptionSet set;
  options.BindTo(&set);
  const RankCommandLine line = ParseRankCommandLine(argc, argv, set, kAliases);
  if (line.help) {
    if (rank == 0) std::cout << RankCommandLineHelp(kUsage, set, kAliases);
    return std::nullopt;
  }
  ResolveOptions(line.config_path, line.assignments, &set);
  SetLogLevel(LogLevelOf(options.label.run.log_level));
  if (line.print_config) {
    if (rank == 0) std::cout << set.Dump();
    return std::nullopt;
  }
  if (options.train.labels.empty() || options.train.output.empty()) {
    throw Error(ErrorKind::kUsage,
                std::string("--") + (options.train.labels.empty() ? "labels" : "output") +
                    " is missing (or [train] in the config file)\n" + kUsage);
  }
  return options;
}

ExitCode Logged(const std::exception& failure) {
  if (const auto* error = dynamic_cast<const Error*>(&failure)) {
    LogError(error->what());
    return error->exit_code();
  }
  LogError(std::string("unexpected failure: ") + failure.what());
  return ExitCode::kFailure;
}

}  // namespace

ExitCode RunTrainStudent(int argc, const char* const* argv, const SamplesOf& samples) {
  std::optional<World> world;
  std::optional<ProgramOptions> options;
  try {
    world.emplace();
    if (world->size() > 1) ErrorContext::SetRank(world->rank());
    InstallDrainHandler();
    options = ReadOptions(argc, argv, world->rank());
    if (!options) return ExitCode::kOk;
  } catch (const std::exception& failure) {
    return Logged(failure);  // Of the command line: every rank's is the same.
  }
  try {
    const TrainOptions& train = options->train;
    const BodyModel body =
        labels::ReadBodyModel(train.body.empty() ? labels::DefaultBodyModelPath() : train.body);
    const bool complete = RunTraining(train, samples(*options, body), body, *world, &DrainRequested);
    return complete ? ExitCode::kOk : ExitCode::kInterrupted;
  } catch (const std::exception& failure) {
    const ExitCode code = Logged(failure);
    // Others may wait for this rank, or this one for MPI: nobody tidies up.
    if (world->size() > 1) world->Abort(static_cast<int>(code));
    return code;
  }
}

}  // namespace foothold
