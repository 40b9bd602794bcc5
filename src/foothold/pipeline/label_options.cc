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

const OptionTable& StartOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<StartOptions>("label", "Where the joint optimisation begins.")
          .Add("init",
               &StartOptions::init,
               {"perception", "student"},
               "Initial cameras and places of people: perception's, or those that the student of "
               "predict.model "
               "says.")
          .Build();
  return table;
}

void LabelOptions::BindTo(OptionSet* set) {
  set->Bind(&run);
  set->Bind(&start);
  set->Bind(&video);
  set->Bind(&perception);
  classical.BindTo(set);
  set->Bind(&networks);
  set->Bind(&josh);
}

}  // namespace foothold
