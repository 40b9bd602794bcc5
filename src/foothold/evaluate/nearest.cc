// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/nearest.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace foothold {

NearestPoints::NearestPoints(std::vector<Vec3d> points) : points_(std::move(points)) {
  Build(0, points_.size(), 0);
}

void NearestPoints::Build(size_t begin, size_t end, int axis) {
  if (end - begin < 2) return;
  const size_t middle = begin + (end - begin) / 2;
  const auto at = [this](size_t i) { return points_.begin() + static_cast<std::ptrdiff_t>(i); };
  std::nth_element(
      at(begin), at(middle), at(end), [axis](const Vec3d& a, const Vec3d& b) { return a[axis] < b[axis]; });
  Build(begin, middle, (axis + 1) % 3);
  Build(middle + 1, end, (axis + 1) % 3);
}

void NearestPoints::Search(
    size_t begin, size_t end, int axis, const Vec3d& query, double* best_squared) const {
  if (begin >= end) return;
  const size_t middle = begin + (end - begin) / 2;
  *best_squared = std::min(*best_squared, SquaredNorm(query - points_[middle]));
  const double side = query[axis] - points_[middle][axis];
  const int next = (axis + 1) % 3;
  if (side < 0) {
    Search(begin, middle, next, query, best_squared);
    if (side * side < *best_squared) Search(middle + 1, end, next, query, best_squared);
  } else {
    Search(middle + 1, end, next, query, best_squared);
    if (side * side < *best_squared) Search(begin, middle, next, query, best_squared);
  }
}

double NearestPoints::Distance(const Vec3d& query) const {
  double best_squared = std::numeric_limits<double>::infinity();
  Search(0, points_.size(), 0, query, &best_squared);
  return std::sqrt(best_squared);
}

}  // namespace foothold
