// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/rotation.h"

namespace foothold {

// Other forms of a rotation. Axis-angle vectors are ExpQuaternion and LogQuaternion of rotation.h.

template <class T>
FOOTHOLD_HD Mat<T, 3, 3> MatrixFromAxisAngle(const Vec<T, 3>& axis_angle_rad) {
  return MatrixFromQuaternion(ExpQuaternion(axis_angle_rad));
}
template <class T>
FOOTHOLD_HD Vec<T, 3> AxisAngleFromMatrix(const Mat<T, 3, 3>& rotation) {
  return LogQuaternion(QuaternionFromMatrix(rotation));
}

// Six numbers: the first two *rows* of the matrix (Zhou et al. 2019 use columns).
template <class T>
FOOTHOLD_HD Vec<T, 6> SixNumbersFromMatrix(const Mat<T, 3, 3>& rotation) {
  Vec<T, 6> numbers;
  for (int i = 0; i < 6; ++i) numbers[i] = rotation.data[i];
  return numbers;
}
// Gram-Schmidt on the two rows, which must not be parallel or zero.
template <class T>
FOOTHOLD_HD Mat<T, 3, 3> MatrixFromSixNumbers(const Vec<T, 6>& numbers) {
  const Vec<T, 3> first = Normalized(Vec<T, 3>{numbers[0], numbers[1], numbers[2]});
  const Vec<T, 3> raw{numbers[3], numbers[4], numbers[5]};
  const Vec<T, 3> second = Normalized(raw - Dot(first, raw) * first);
  const Vec<T, 3> third = Cross(first, second);
  return {first[0], first[1], first[2], second[0], second[1], second[2], third[0], third[1], third[2]};
}

}  // namespace foothold
