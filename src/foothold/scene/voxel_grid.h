// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/vec.h"

namespace foothold {

// Which points share a cell of a cubic grid that starts half a cell below the smallest coordinates of
// the cloud; a point's cell is the floor of its grid coordinates.
struct VoxelAssignment {
  std::vector<int> voxel;        // Of every point, 0 .. centroids.size() - 1.
  std::vector<Vec3d> centroids;  // Mean of the points of every voxel, ascending by x, then y, then z.
};

// Points must be finite; `size_m` > 0.
VoxelAssignment AssignVoxels(const std::vector<Vec3d>& points, double size_m);

}  // namespace foothold
