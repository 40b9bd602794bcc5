// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/josh/alignment.h"
#include "foothold/josh/josh.h"
#include "foothold/objective/variables.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Per person, the bodies that perception saw, one per frame of the person.
std::vector<std::vector<BodyPose>> SeenBodies(const Observations& observations);

// Parameter blocks of a clip, in time order so that elimination stays within a window: the bodies of a
// keyframe, its camera, the next keyframe; shapes and the focal length last. Cameras and scales start
// at `alignment`, bodies at `initial_in_cam` (as SeenBodies has them).
Variables BuildVariables(const Observations& observations,
                         const BodyModel& body,
                         const JoshOptions& options,
                         const InitialAlignment& alignment,
                         const std::vector<std::vector<BodyPose>>& initial_in_cam);

// What a stage keeps as it is.
struct FixedVariables {
  bool focal = false;
  bool scales = false;
};

// Fixes that, and what the observations or the options fix: the first camera (gauge), all cameras, the
// focal length, the bodies.
void FixVariables(const Observations& observations,
                  const JoshOptions& options,
                  const FixedVariables& fixed,
                  Variables* variables);

}  // namespace foothold
