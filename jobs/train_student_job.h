// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "foothold/base/error.h"
#include "foothold/pipeline/program_options.h"
#include "foothold/train/training.h"

namespace foothold {

using SamplesOf = std::function<OpenSamples(const ProgramOptions& options, const BodyModel& body)>;

// The rank program train_student: options, ranks, RunTraining.
ExitCode RunTrainStudent(int argc, const char* const* argv, const SamplesOf& samples);

}  // namespace foothold
