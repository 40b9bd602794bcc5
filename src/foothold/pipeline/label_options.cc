// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_video.h"

namespace foothold {

const OptionTable& RunOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<RunOptions>("run", "How the program runs. Nothing here changes a label.")
          .Add("threads", &RunOptions::threads, 0, 1024, "Threads per process; 0 uses all cores.")
          .DoesNotAffectLabels()
          .Add("log_level",
               &RunOptions::log_level,
               {"debug", "info", "warning", "error"},
               "Least important message that is printed.")
          .DoesNotAffectLabels()
          .Add("overwrite",
               &RunOptions::overwrite,
               "Replace labels in the output directory that other options, another program version or "
               "another body model made.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

void LabelOptions::BindTo(OptionSet* set) {
  set->Bind(&run);
  set->Bind(&video);
  set->Bind(&perception);
  classical.BindTo(set);
  set->Bind(&networks);
  set->Bind(&josh);
}

}  // namespace foothold
