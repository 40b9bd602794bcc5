// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "foothold/perception/perception.h"

namespace foothold {

// Perception without network weights: people by HOG detectors and tracking, cameras by feature tracks
// and bundle adjustment or ground-plane metrology, depth by optical flow with known cameras.
std::unique_ptr<Perception> MakeClassicalPerception(const PerceptionOptions& options);

}  // namespace foothold
