// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/job_options.h"

namespace foothold {

const OptionTable& JobOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<JobOptions>("job", "Input and output of label_corpus.")
          .Add("corpus",
               &JobOptions::corpus,
               {},
               "Videos: a manifest of foothold corpus scan; or a folder, a file, a glob, tar shards, a .csv, "
               ".jsonl or "
               ".txt list (docs/corpus.md).")
          .DoesNotAffectLabels()
          .Add("output",
               &JobOptions::output,
               {},
               "Folder for labels and ledger, on a file system that all ranks share.")
          .DoesNotAffectLabels()
          .Add("body",
               &JobOptions::body,
               {},
               "Body model (.h5 or SMPL .npz); empty: the one that ships with Foothold.")
          .DoesNotAffectLabels()
          .Add("checkpoint_s",
               &JobOptions::checkpoint_s,
               0.0,
               86400,
               "Seconds of work after which what a unit has so far is kept below output/partial, so that a "
               "killed rank loses no more.")
          .DoesNotAffectLabels()
          .Add("isolate",
               &JobOptions::isolate,
               "Work on units in a process beside the rank, so that a crash costs one attempt at one unit.")
          .DoesNotAffectLabels()
          .Add("watchdog_s",
               &JobOptions::watchdog_s,
               0,
               86400,
               "Seconds without progress after which a unit is given up (no_progress); 0: never. Needs "
               "isolate.")
          .DoesNotAffectLabels()
          .Add(
              "memory_gb",
              &JobOptions::memory_gb,
              0,
              100000,
              "Memory in GB that one rank's work may take; a unit that needs more is tried in smaller steps. "
              "0: no bound but the machine's. Needs isolate.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

}  // namespace foothold
