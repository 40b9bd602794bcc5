// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/cli/command.h"

namespace foothold::cli {

// Verbs of `foothold corpus`, one file each (corpus_<verb>.cc). Each adds its subcommand to `corpus`; a
// new verb is declared here and entered in the table of corpus_command.cc.
using AddCorpusVerb = void (*)(CLI::App* corpus, Action* action);
void AddCorpusScan(CLI::App* corpus, Action* action);
void AddCorpusProbeWorker(CLI::App* corpus, Action* action);  // Started by scan; not in --help.
void AddCorpusPlan(CLI::App* corpus, Action* action);
void AddCorpusVerify(CLI::App* corpus, Action* action);
void AddCorpusRepair(CLI::App* corpus, Action* action);
void AddCorpusRetry(CLI::App* corpus, Action* action);
void AddCorpusQuarantine(CLI::App* corpus, Action* action);
void AddCorpusMerge(CLI::App* corpus, Action* action);
void AddCorpusPrune(CLI::App* corpus, Action* action);

}  // namespace foothold::cli
