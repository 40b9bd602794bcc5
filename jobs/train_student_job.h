// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/base/error.h"
#include "foothold/train/training.h"

namespace foothold {

// The rank program train_student: options, ranks, RunTraining.
ExitCode RunTrainStudent(int argc, const char* const* argv, const OpenSamples& open);

}  // namespace foothold
