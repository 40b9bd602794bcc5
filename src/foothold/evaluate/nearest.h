// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/vec.h"

namespace foothold {

// Nearest neighbours in a fixed cloud: a balanced k-d tree.
class NearestPoints {
 public:
  explicit NearestPoints(std::vector<Vec3d> points);
  bool empty() const { return points_.empty(); }
  // Infinity for an empty cloud.
  double Distance(const Vec3d& query) const;

 private:
  void Build(size_t begin, size_t end, int axis);
  void Search(size_t begin, size_t end, int axis, const Vec3d& query, double* best_squared) const;

  std::vector<Vec3d> points_;  // The median of each range is its root.
};

}  // namespace foothold
