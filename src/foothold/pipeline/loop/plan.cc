// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/loop/plan.h"

#include <ctime>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "foothold/base/atomic_file.h"
#include "foothold/config/config_file.h"
#include "foothold/corpus/run_progress.h"
#include "foothold/corpus/units_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

void RequireOptions(const ProgramOptions& options) {
  for (const auto& [key, value] :
       {std::pair{"loop.output", options.loop.output}, std::pair{"job.corpus", options.job.corpus}}) {
    if (value.empty())
      throw Error(ErrorKind::kUsage, std::string(key) + " is empty; say it in the config file of the loop");
  }
  if (options.data.held_out_share <= 0)
    throw Error(ErrorKind::kUsage,
                "data.held_out_share is 0: the loop measures its students on videos that are held out");
  if (options.data.kind != "label" || !options.data.labels.empty() || !options.train.labels.empty())
    throw Error(ErrorKind::kUsage,
                "the loop trains on its own labels: leave out data.kind, data.labels and train.labels");
}

std::string Dump(ProgramOptions options) {
  OptionSet set;
  options.BindTo(&set);
  return set.Dump();
}

// One option a line, with its section.
std::string WithSections(const std::string& config) {
  std::string text, section;
  std::istringstream lines(config);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[")) {
      section = line.substr(1, line.size() - 2) + ".";
    } else if (!line.empty()) {
      text += section + line + "\n";
    }
  }
  return text;
}

// What the labels of a round follow from.
std::string LabelIdentity(ProgramOptions options) {
  OptionSet set;
  options.label.BindTo(&set);
  if (options.label.start.init == "student") set.Bind(&options.predict);
  return "job.corpus = " + options.job.corpus + "\njob.body = " + options.job.body + "\n" +
         WithSections(set.Dump(/*labels_only=*/true));
}

// What its weights follow from besides.
std::string WeightIdentity(ProgramOptions options) {
  OptionSet set;
  set.Bind(&options.data);
  return "train.initial = " + options.train.initial + "\n" +
         WithSections("[train]\n" + TrainingIdentity(options.train)) +
         WithSections(set.Dump(/*labels_only=*/true));
}

ProgramOptions ReadOptions(const std::string& config) {
  ProgramOptions options;
  OptionSet set;
  options.BindTo(&set);
  for (const OptionAssignment& assignment : ParseConfigFile(config))
    set.Assign(assignment.key, assignment.text, assignment.origin);
  return options;
}

void RequireSame(const std::string& before, const std::string& now, const std::string& config) {
  std::istringstream old_lines(before), new_lines(now);
  std::string old_line, new_line;
  while (std::getline(old_lines, old_line) && std::getline(new_lines, new_line)) {
    if (old_line == new_line) continue;
    throw Error(ErrorKind::kUsage,
                "this round was begun with other options (" + config + ": '" + old_line + "', now '" +
                    new_line + "'); use the same, or another loop.output");
  }
}

// Of a stage that was begun. What failed at once for a wrong option can go on with a better one.
void RequireSameOptions(const ProgramOptions& options, const LoopFolders& folders) {
  std::error_code error;
  const bool labelled = fs::exists(folders.labels + "/ledger", error);
  const bool trained = fs::exists(folders.model + "/checkpoints", error);
  if (!labelled && !trained) return;
  const ProgramOptions begun = ReadOptions(folders.config);
  if (labelled) RequireSame(LabelIdentity(begun), LabelIdentity(options), folders.config);
  if (trained) RequireSame(WeightIdentity(begun), WeightIdentity(options), folders.config);
}

bool LabelsAreComplete(const std::string& run) {
  std::error_code error;
  if (!fs::exists(run + "/ledger/units", error)) return false;
  RunProgress progress(run, UnitsOfRun(run));
  progress.Refresh();
  return progress.Status(std::time(nullptr)).open == 0;
}

void WriteConfig(const ProgramOptions& options, const LoopFolders& folders) {
  std::error_code error;
  const fs::path folder = fs::path(folders.config).parent_path();
  fs::create_directories(folder, error);
  if (error) throw StorageError(folder.string(), "cannot make the folder", error.value());
  WriteFileAtomically(folders.config, Dump(options));
}

}  // namespace

LoopFolders::LoopFolders(const std::string& output, int round) {
  const std::string folder = output + "/round-" + std::to_string(round);
  config = folder + "/round.conf";
  labels = folder + "/labels";
  label_files = labels + "/labels";
  model = folder + "/model";
  weights = model + "/model.safetensors";
  evaluation = folder + "/evaluation";
  summary = evaluation + "/summary.json";
}

ProgramOptions OptionsOfRound(const ProgramOptions& options, int round) {
  const LoopFolders folders(options.loop.output, round);
  ProgramOptions out = options;
  out.job.output = folders.labels;
  out.train.labels = out.train.held_out = folders.label_files;
  out.train.output = folders.model;
  // One body model for labels and student.
  out.train.body = options.job.body;
  // Videos that cannot be labelled do not stop the loop.
  out.slurm.accept_incomplete = true;
  if (round > 1) {
    out.label.start.init = "student";
    out.predict.model = LoopFolders(options.loop.output, round - 1).weights;
  }
  return out;
}

std::vector<LoopStep> PlanLoop(const ProgramOptions& options) {
  RequireOptions(options);
  std::vector<LoopStep> steps;
  for (int round = 1; round <= options.loop.rounds; ++round) {
    const LoopFolders folders(options.loop.output, round);
    const ProgramOptions of_round = OptionsOfRound(options, round);
    std::error_code error;
    RequireSameOptions(of_round, folders);
    WriteConfig(of_round, folders);
    const bool trained = fs::exists(folders.weights, error);
    if (!trained && !LabelsAreComplete(folders.labels)) steps.push_back({round, "label", folders.config});
    if (!trained) steps.push_back({round, "train", folders.config});
    if (!fs::exists(folders.summary, error)) steps.push_back({round, "evaluate", folders.config});
  }
  return steps;
}

}  // namespace foothold
