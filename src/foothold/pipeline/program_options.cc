// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/program_options.h"

namespace foothold {

void ProgramOptions::BindTo(OptionSet* set) {
  set->Bind(&job);
  set->Bind(&ledger);
  set->Bind(&scan);
  set->Bind(&slurm);
  label.BindTo(set);
  set->Bind(&predict);
  set->Bind(&report);
  set->Bind(&synthetic);
  set->Bind(&noise);
  set->Bind(&data);
  set->Bind(&train);
  set->Bind(&loop);
}

}  // namespace foothold
