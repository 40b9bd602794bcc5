// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "foothold/pipeline/label_video.h"

namespace foothold::cli {

// What perception 'networks' runs, nothing for other names. Each of the two programs has its own: that
// without LibTorch hands over to the other and does not return.
std::optional<PerceptionMaker> LearnedPerception(const LabelOptions& options);

}  // namespace foothold::cli
