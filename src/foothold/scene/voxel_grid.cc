// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/voxel_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "foothold/base/error.h"

namespace foothold {

VoxelAssignment AssignVoxels(const std::vector<Vec3d>& points, double size_m) {
  FOOTHOLD_CHECK(size_m > 0, "voxel size");
  VoxelAssignment result;
  if (points.empty()) return result;
  Vec3d origin = points[0];
  for (const Vec3d& point : points) {
    for (int d = 0; d < 3; ++d) origin[d] = std::min(origin[d], point[d]);
  }
  using Cell = std::array<int64_t, 3>;
  std::vector<Cell> cells(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    for (int d = 0; d < 3; ++d) {
      const double coordinate = (points[i][d] - (origin[d] - size_m / 2)) / size_m;
      FOOTHOLD_CHECK(std::abs(coordinate) < 1e15, "a point is not finite or the voxel is too small");
      cells[i][static_cast<size_t>(d)] = static_cast<int64_t>(std::floor(coordinate));
    }
  }
  // Group points by cell; within a cell in the order of the input, so sums do not depend on the sort.
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cells[a] < cells[b]; });
  std::vector<int> group_of_point(points.size());
  std::vector<Vec3d> centroids;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    Vec3d sum = Vec3d::Zero();
    for (; end < order.size() && cells[order[end]] == cells[order[begin]]; ++end) {
      sum = sum + points[order[end]];
      group_of_point[order[end]] = static_cast<int>(centroids.size());
    }
    centroids.push_back(sum / static_cast<double>(end - begin));
    begin = end;
  }
  std::vector<int> by_position(centroids.size());
  std::iota(by_position.begin(), by_position.end(), 0);
  std::stable_sort(by_position.begin(), by_position.end(), [&](int a, int b) {
    return std::lexicographical_compare(
        centroids[a].data, centroids[a].data + 3, centroids[b].data, centroids[b].data + 3);
  });
  std::vector<int> rank(centroids.size());
  for (size_t i = 0; i < by_position.size(); ++i) {
    rank[by_position[i]] = static_cast<int>(i);
    result.centroids.push_back(centroids[by_position[i]]);
  }
  for (const int group : group_of_point) result.voxel.push_back(rank[group]);
  return result;
}

}  // namespace foothold
