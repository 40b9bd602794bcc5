// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "foothold/pipeline/label_video.h"

namespace foothold {

// Perception whose networks need LibTorch: perception.name = networks. As with student_solver.h, programs
// that are linked with foothold_learned have it, and others become the program beside them that is.

// Nothing for other names. Throws as MakeNetworkPerception (perception_networks/network_perception.h).
std::optional<PerceptionMaker> MakeLearnedPerception(const LabelOptions& options);

// PerceptionMaker::identity of the same, without loading a network; empty for other names.
std::string LearnedPerceptionIdentity(const LabelOptions& options);

}  // namespace foothold
