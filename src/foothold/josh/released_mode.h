// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/josh.h"

namespace foothold {

// OptimizeJointly as the released JOSH does it, for comparison (`josh.mode = released`): its objective, its
// contact rules, its outputs (bodies between keyframes are interpolated keyframes), one chunk whatever the
// length; solved by SolveReleased. Where the matches do not connect all keyframes the release stops; here
// the result is that of the observations, flagged graph_disconnected, and the summary says so.
JoshResult OptimizeReleased(const Observations& observations,
                            const BodyModel& body,
                            const JoshOptions& options,
                            int threads);

}  // namespace foothold
