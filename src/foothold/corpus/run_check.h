// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foothold/corpus/run_records.h"

namespace foothold {

// What is wrong with a run's labels.
struct RunProblem {
  enum class Kind {
    kMissing,   // Recorded, but not there.
    kSize,      // Not as long as recorded.
    kChecksum,  // Not the bytes that were recorded.
    kInvalid,   // No valid label (docs/label_schema.md).
    kConflict,  // Two attempts or two units recorded different files under one name.
    kOrphan,    // There, but no unit recorded it.
  };
  Kind kind = Kind::kMissing;
  std::string path;     // Of the label, below <output>/labels.
  int64_t unit = -1;    // Index; -1: of no unit.
  std::string message;  // With the unit's id.
};
const char* NameOf(RunProblem::Kind kind);

struct RunCheck {
  RunRecords records;
  long labels = 0;  // Recorded by finished units.
  long frames = 0;
  int64_t bytes = 0;
  long unfinished_labels = 0;  // There, of units still open or given up: found again when these are tried.
  std::vector<std::string> temporaries;  // Hidden files of writers, dead or alive; full paths.
  std::vector<RunProblem> problems;
};

struct RunCheckOptions {
  bool deep = false;  // Read every label: checksum, then `validate`.
  int threads = 1;
  // Problems of a label file, empty when it is good; may be unset.
  std::function<std::vector<std::string>(const std::string& path)> validate;
};

// Compares the labels in the output folder of a run with what its ledger says. Changes nothing; the run
// may go on meanwhile. Throws Error(kBadInput) for a folder that is no run's.
RunCheck CheckRun(const std::string& output, const RunUnits& units, const RunCheckOptions& options);

struct RepairOutcome {
  long set_aside = 0;  // Files moved to <output>/set_aside.
  long reopened = 0;   // Units that the next run labels again.
};
// Moves labels that are not intact out of the way and reopens their units. Throws Error(kStorage).
RepairOutcome RepairRun(const std::string& output, const RunCheck& check, Ledger* ledger);

// `units` and the joins that were made from any of them, without repetition.
std::vector<size_t> WithTheirJoins(const UnitList& list, const UnitIndex& index, std::vector<size_t> units);

}  // namespace foothold
