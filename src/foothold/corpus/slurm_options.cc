// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/slurm_options.h"

namespace foothold {

const OptionTable& SlurmOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<SlurmOptions>("slurm", "How slurm/submit.sh and the batch scripts run a job.")
          .Add("tasks", &SlurmOptions::tasks, 1, 1000000, "Ranks of a job; sbatch --ntasks.")
          .DoesNotAffectLabels()
          .Add("cpus_per_task", &SlurmOptions::cpus_per_task, 1, 10000, "Cores of a rank.")
          .DoesNotAffectLabels()
          .Add("time_limit",
               &SlurmOptions::time_limit,
               {},
               "Time limit of a job, as sbatch --time has it (04:00:00); empty: the partition's default.")
          .DoesNotAffectLabels()
          .Add("sbatch_arguments",
               &SlurmOptions::sbatch_arguments,
               {},
               "What else the site wants sbatch to be told: --account=me --partition=gpu --gpus-per-task=1.")
          .DoesNotAffectLabels()
          .Add("drain_s",
               &SlurmOptions::drain_s,
               1,
               86400,
               "Seconds that ranks have to give back their videos before the job ends them and requeues.")
          .DoesNotAffectLabels()
          .Add("max_restarts",
               &SlurmOptions::max_restarts,
               0,
               1000,
               "Restarts after which a job whose ranks fail stays down; drained jobs do not count.")
          .DoesNotAffectLabels()
          .Add("accept_incomplete",
               &SlurmOptions::accept_incomplete,
               "A labelling job that is complete but for some videos ends with 0 instead of 4, so that jobs "
               "which "
               "wait for its success (--dependency=afterok) begin.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

}  // namespace foothold
