// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "foothold/cli/corpus_command.h"
#include "foothold/cli/output.h"
#include "foothold/cli/resolve.h"
#include "foothold/corpus/manifest.h"
#include "foothold/pipeline/scan/probe_worker.h"
#include "foothold/pipeline/scan/scan.h"

namespace foothold::cli {
namespace {

constexpr char kWorkerVerb[] = "probe-worker";

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold corpus scan videos --output run\n"
    "  foothold corpus scan 'shards/*.tar' more.csv --output all.manifest.jsonl --threads 16\n"
    "  foothold corpus scan list.jsonl --output run --scan.people false --scan.hash full\n\n"
    "Every file gets a verdict; none ends the scan. The same command continues an interrupted one. Then:\n"
    "foothold corpus plan run, and label_corpus --corpus run/corpus.manifest.jsonl --output run. The "
    "manifest's\n"
    "format and every reason: docs/corpus.md.";

struct Arguments {
  std::vector<std::string> sources;
  std::string output;
  bool replace = false, json = false;
  OptionArguments options;
};

ExitCode Run(const Arguments& arguments) {
  ProgramOptions options;
  Resolve(arguments.options, &options);
  ScanRequest request;
  request.sources = arguments.sources;
  request.manifest_path = ManifestPathOf(arguments.output);
  request.replace = arguments.replace;
  request.scan = options.scan;
  request.video = options.label.video;
  request.threads = options.label.run.threads > 0
                        ? options.label.run.threads
                        : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  request.worker_command = {std::filesystem::read_symlink("/proc/self/exe").string(), "corpus", kWorkerVerb};
  const ScanSummary summary = ScanCorpus(request);
  int num_rejected = 0;
  for (const auto& [reason, count] : summary.rejected) num_rejected += count;
  if (arguments.json) {
    PrintJson({{"manifest", request.manifest_path},
               {"videos", summary.num_videos},
               {"units", summary.num_units},
               {"long_videos", summary.num_long},
               {"from_interrupted_scan", summary.num_known},
               {"rejected", num_rejected},
               {"rejected_by_reason", summary.rejected}});
    return ExitCode::kOk;
  }
  std::cout << request.manifest_path << ": " << Count(summary.num_videos, "video") << ", "
            << Count(summary.num_units, "unit") << " (" << summary.num_long << " long videos in parts), "
            << num_rejected << " rejected\n";
  for (const auto& [reason, count] : summary.rejected) std::cout << "  " << reason << ": " << count << "\n";
  return ExitCode::kOk;
}

}  // namespace

void AddCorpusScan(CLI::App* corpus, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      corpus->add_subcommand("scan", "Look at videos cheaply and write the immutable list of a corpus.");
  command
      ->add_option("sources",
                   arguments->sources,
                   "Folders, videos, globs in quotes, .tar shards, .csv, .jsonl or .txt lists.")
      ->type_name("SOURCE")
      ->required();
  command
      ->add_option("--output,-o",
                   arguments->output,
                   "A run's folder, for corpus.manifest.jsonl in it, or the manifest's name, which ends so.")
      ->type_name("RUN_OR_MANIFEST")
      ->required();
  command->add_flag("--replace", arguments->replace, "Replace a manifest of that name.");
  command->add_flag("--json", arguments->json, "Print the counts as JSON.");
  ProgramOptions defaults;
  OptionSet shown;
  shown.Bind(&defaults.scan);
  shown.Bind(&defaults.label.video);
  shown.Bind(&defaults.label.run);
  AddAlias(command, "threads", "run.threads", false, shown, &arguments->options);
  AddOptionFlags(command, shown, &arguments->options);
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

void AddCorpusProbeWorker(CLI::App* corpus, Action* action) {
  CLI::App* command = corpus->add_subcommand(kWorkerVerb, "Look at the files that a scan names.");
  command->group("");
  command->callback([=] { *action = [] { return RunProbeWorker(); }; });
}

}  // namespace foothold::cli
