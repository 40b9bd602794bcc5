// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "foothold/comm/world.h"
#include "foothold/corpus/train_options.h"
#include "foothold/scene/body.h"

namespace foothold {

class BatchSource;

// Where samples come from: makes the source of one rank, for training or for validation on what
// train.held_out says.
using OpenSamples = std::function<std::unique_ptr<BatchSource>(
    const TrainOptions& options, bool held_out, int rank, int size)>;

// Random pairs for train.labels = synthetic; Error(kBadInput) for anything else.
OpenSamples SyntheticSamples();

// Finds device and communicators of this rank, opens the samples and trains. True: the run is complete;
// false: `drain` said true on some rank. On an error other ranks may be waiting: the caller ends them
// (World::Abort).
bool RunTraining(const TrainOptions& options,
                 const OpenSamples& open,
                 const BodyModel& body,
                 const World& world,
                 const std::function<bool()>& drain);

}  // namespace foothold
