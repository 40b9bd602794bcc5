// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/base/options.h"
#include "foothold/corpus/job_options.h"
#include "foothold/corpus/ledger.h"
#include "foothold/corpus/loader_options.h"
#include "foothold/corpus/loop_options.h"
#include "foothold/corpus/slurm_options.h"
#include "foothold/corpus/train_options.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/predict_options.h"
#include "foothold/pipeline/report.h"
#include "foothold/pipeline/scan/scan_options.h"
#include "foothold/scene/synthetic.h"

namespace foothold {

// Every option there is. Every program binds all of them, also those it does not use, so that one config
// file serves each subcommand of the tool and the rank program.
struct ProgramOptions {
  JobOptions job;
  LedgerOptions ledger;
  ScanOptions scan;
  SlurmOptions slurm;
  LabelOptions label;
  PredictOptions predict;
  ReportOptions report;
  SyntheticOptions synthetic;
  NoiseOptions noise;
  LoaderOptions data;
  TrainOptions train;
  LoopOptions loop;

  void BindTo(OptionSet* set);
};

}  // namespace foothold
