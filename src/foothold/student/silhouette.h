// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/scene/body.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Sets to 1 every pixel whose centre lies in the picture of a posed mesh. Triangles that reach behind
// the camera are left out.
void DrawSilhouette(const std::vector<Vec3d>& vertices_in_cam,
                    const std::vector<std::array<int32_t, 3>>& faces,
                    const Pinholed& pinhole,
                    ImageU8* mask);

// Smallest box around the points in front of the camera, counted from the corner of the picture as boxes are
// (a pixel centre 0 is at 0.5); size 0 when there are none.
Box BoxAround(const std::vector<Vec3d>& points_in_cam, const Pinholed& pinhole);

}  // namespace foothold
