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
          .Build();
  return table;
}

}  // namespace foothold
