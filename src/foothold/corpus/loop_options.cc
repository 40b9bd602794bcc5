// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/loop_options.h"

namespace foothold {

const OptionTable& LoopOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<LoopOptions>(
          "loop", "The closed loop: label, train, evaluate, label again from the student's prediction.")
          .Add("output",
               &LoopOptions::output,
               {},
               "Folder of the loop. It takes the place of job.output and train.output.")
          .DoesNotAffectLabels()
          .Add(
              "rounds", &LoopOptions::rounds, 1, 1000, "How often. More can be added to a loop that is done.")
          .DoesNotAffectLabels()
          .Add("ranks",
               &LoopOptions::ranks,
               1,
               10000,
               "Ranks of labelling and training on one machine; 1: without MPI. On a cluster it is "
               "slurm.tasks.")
          .DoesNotAffectLabels()
          .Add("truth",
               &LoopOptions::truth,
               {},
               "Folder with <video>.truth.h5 files that rounds are measured against; empty: students are "
               "measured against the labels alone.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

}  // namespace foothold
