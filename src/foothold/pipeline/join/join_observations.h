// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/scene/observations.h"

namespace foothold {

// What was seen in overlapping parts of a clip, each for itself, becomes observations of the clip: one
// lens, one world, one track per person. The joint optimisation then solves it as one.

// Runs of parts, in order of their first frame, of which each shares at least two keyframes with the next;
// a part inside another is left out. Indices into `parts`, whose clips are of one source.
std::vector<std::vector<int>> ConnectedStretches(const std::vector<Observations>& parts);

// One stretch as observations of `clip`, whose first frame is the first part's and last the last part's.
// Over an overlap, cameras pass over from one part to the next and keyframes change sides in the middle; a
// pair of keyframes that both parts matched is taken from the earlier. A pure function of the parts.
Observations JoinObservations(std::vector<Observations> parts, const Clip& clip, const BodyModel& body);

}  // namespace foothold
