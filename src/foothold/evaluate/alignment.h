// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/transform.h"

namespace foothold {

// Least-squares transform with to ~ scale * R * from + translation (Umeyama 1991), never a reflection.
// Rigid alignment keeps scale 1. Both lists have the same, positive size. Where the points do not
// determine the rotation (fewer than three, collinear), one of the best is returned; where `from` is a
// single point, the scale is 1.
Similarity3d AlignSimilarity(const std::vector<Vec3d>& from, const std::vector<Vec3d>& to);
Similarity3d AlignRigid(const std::vector<Vec3d>& from, const std::vector<Vec3d>& to);

}  // namespace foothold
