// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Whether what a student says can be true, by what was seen. A start far off costs more than it gives: the
// optimisation would have to find back.

// Median distance of matches, each first point at its observed depth times the scale of its keyframe that
// suits the pair best, from where the cameras put them in the second picture, pixels. 0 without matches.
double MatchError(const Observations& observations, const std::vector<Rigid3d>& world_from_cam);

// Cameras may be less exact than perception's, not wrong: at most three times its error, or 1 % of the
// picture's diagonal.
bool CamerasFitMatches(const Observations& observations, const std::vector<Rigid3d>& world_from_cam);

// In most frames, the pelvis lies in the box (a quarter larger on each side), at half to twice the distance
// that perception derived from the body's height. `translation_m`: of the body in the camera, per frame.
bool PlacesFitBoxes(const Observations& observations,
                    const PersonObservations& person,
                    const BodyModel& body,
                    const std::vector<Vec3d>& translation_m);

}  // namespace foothold
