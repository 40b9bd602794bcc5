// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/observations.h"

namespace foothold {

// Cameras and depths of all keyframes in one unit, from the matches alone: along the tree of the best matched
// pairs (`scores`, [K x K]) each keyframe takes the similarity that brings its matched points onto those of
// its parent. Their geometric mean is the unit of the depths as they were. Frames between keyframes are
// interpolated. Reads pinhole, keyframes and pairs of `observations`; sets their cameras and scales their
// depths. Flag reprojection_high: along some edge matched points disagree in the median by more than a tenth
// of their depth, or do not say how the cameras lie; then the keyframe stands where its parent does. Throws
// Error(kBadInput), reason "views_disconnected".
void PlaceCameras(const std::vector<double>& scores, Observations* observations);

}  // namespace foothold
