// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "foothold/comm/world.h"
#include "foothold/corpus/loader_options.h"
#include "foothold/corpus/train_options.h"
#include "foothold/scene/body.h"

namespace foothold {

class BatchSource;

// Where samples come from: makes the source of one rank, for training or for validation on what
// train.held_out says.
using OpenSamples = std::function<std::unique_ptr<BatchSource>(
    const TrainOptions& options, bool held_out, int rank, int size)>;

// Pairs of train.labels and train.held_out, drawn as `options` say (its labels, batch_size and seed are those
// of [train]). Where both name the same labels, options.held_out_share of the videos is held out. "synthetic"
// stands for random pairs made in memory.
OpenSamples LabelSamples(const LoaderOptions& options, const BodyModel& body);

// Finds device and communicators of this rank, opens the samples and trains. True: the run is complete;
// false: `drain` said true on some rank. On an error other ranks may be waiting: the caller ends them
// (World::Abort).
bool RunTraining(const TrainOptions& options,
                 const OpenSamples& open,
                 const BodyModel& body,
                 const World& world,
                 const std::function<bool()>& drain);

}  // namespace foothold
