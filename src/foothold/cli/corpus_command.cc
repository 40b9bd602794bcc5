// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/corpus_command.h"

#include <CLI/CLI.hpp>
#include <vector>

namespace foothold::cli {
namespace {

// In the order in which --help lists them.
const std::vector<AddCorpusVerb> kVerbs = {AddCorpusScan,
                                           AddCorpusPlan,
                                           AddCorpusVerify,
                                           AddCorpusRepair,
                                           AddCorpusRetry,
                                           AddCorpusQuarantine,
                                           AddCorpusMerge,
                                           AddCorpusPrune,
                                           AddCorpusProbeWorker};

}  // namespace

void AddCorpusCommand(CLI::App* app, Action* action) {
  CLI::App* corpus = app->add_subcommand("corpus", "Manage corpora and the runs that label them.");
  corpus->require_subcommand(1);
  for (const AddCorpusVerb add : kVerbs) add(corpus, action);
}

}  // namespace foothold::cli
