// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/joint_problem.h"
#include "foothold/scene/observations.h"

namespace foothold {

// The observations of a clip in the form of the released optimiser (docs/josh.md, "Released mode"):
// anchors at pixel (4, 4) of every 8 x 8 block, whole pixels, depth ratios to the anchor, contacts of the
// vertices nearest to joints. `track_person[k]` is the index of the person behind track k; people who are
// seen at no keyframe have no track.
struct ReleasedInput {
  JointProblem problem;
  std::vector<int> track_person;
};

// Anchor of a pixel; those beyond the last whole block belong to it.
int BlockAnchorOf(const JointProblem& problem, int x_px, int y_px);

// Throws Error(kBadInput), reason "views_disconnected", when the matches do not connect all keyframes, and
// kContract when the images are smaller than a block.
ReleasedInput MakeReleasedProblem(const Observations& observations, const BodyModel& body);

}  // namespace foothold
