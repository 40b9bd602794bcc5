// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/pipeline/program_options.h"
#include "foothold/scene/body.h"

namespace foothold {

// The last stage of a round, whose options these are (OptionsOfRound): the student predicts the held-out
// clips; predictions are measured against truth (loop.truth) and against the labels; what the round gave is
// written to summary.json, and then the table of all rounds, loop.md. Predictions that are there already
// stay. Throws Error(kUsage) when no clip is held out, Error(kBadInput) when none can be predicted.
void EvaluateRound(const ProgramOptions& options, const BodyModel& body);

}  // namespace foothold
