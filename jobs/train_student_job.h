// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "foothold/base/error.h"
#include "foothold/train/batch_source.h"
#include "foothold/corpus/train_options.h"

namespace foothold {

// Where samples come from.
struct TrainingData {
  // Of one rank; `labels` is train.labels or train.held_out.
  std::function<std::unique_ptr<BatchSource>(
      const TrainOptions& options, const std::string& labels, int rank, int size)>
      open;
};

// Random pairs for train.labels = synthetic.
TrainingData StandardTrainingData();

// The rank program train_student: options, ranks, devices, then Trainer::Run.
ExitCode RunTrainStudent(int argc, const char* const* argv, const TrainingData& data);

}  // namespace foothold
