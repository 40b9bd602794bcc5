// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "foothold/perception/perception.h"

namespace foothold {

// Reads observations that were written beside the video (docs/observations.md): for the clip `name` of
// a/b/video.mp4, a/b/<name>.observations.h5. Throws Error(kBadInput) with reason
// "observations_missing" or, when they belong to another clip, "observations_mismatch".
std::unique_ptr<Perception> MakeRecordedPerception();

std::string ObservationPath(const Clip& clip);

// Throws Error(kBadInput), reason "observations_mismatch", unless `observations` fit the clip (frames,
// times, source size, source hash where both have one) and the body model (vertices).
void RequireFit(const Observations& observations,
                const Clip& clip,
                const BodyModel& body,
                const std::string& origin);

}  // namespace foothold
