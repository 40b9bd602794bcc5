// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/rotation.h"

namespace foothold {

// Rigid transform b_from_a: x_in_b = rotation * x_in_a + translation.
template <class T>
struct Rigid {
  Quaternion<T> rotation;
  Vec<T, 3> translation;

  FOOTHOLD_HD static Rigid Identity() { return {Quaternion<T>::Identity(), Vec<T, 3>::Zero()}; }
  template <class U>
  FOOTHOLD_HD Rigid<U> Cast() const {
    return {rotation.template Cast<U>(), translation.template Cast<U>()};
  }
};
using Rigid3d = Rigid<double>;

template <class T>
FOOTHOLD_HD Vec<T, 3> operator*(const Rigid<T>& b_from_a, const Vec<T, 3>& x_in_a) {
  return Rotate(b_from_a.rotation, x_in_a) + b_from_a.translation;
}
// c_from_a = c_from_b * b_from_a.
template <class T>
FOOTHOLD_HD Rigid<T> operator*(const Rigid<T>& c_from_b, const Rigid<T>& b_from_a) {
  return {Normalized(c_from_b.rotation * b_from_a.rotation), c_from_b * b_from_a.translation};
}
template <class T>
FOOTHOLD_HD Rigid<T> Inverse(const Rigid<T>& b_from_a) {
  const Quaternion<T> rotation = Conjugate(b_from_a.rotation);
  return {rotation, -Rotate(rotation, b_from_a.translation)};
}
// Rotation by SLERP, translation linear; u in [0, 1].
template <class T>
FOOTHOLD_HD Rigid<T> Interpolate(const Rigid<T>& a, const Rigid<T>& b, const T& u) {
  return {Slerp(a.rotation, b.rotation, u), (T(1) - u) * a.translation + u * b.translation};
}
template <class T>
FOOTHOLD_HD Mat<T, 4, 4> MatrixFromRigid(const Rigid<T>& transform) {
  const Mat<T, 3, 3> r = MatrixFromQuaternion(transform.rotation);
  Mat<T, 4, 4> m = Mat<T, 4, 4>::Identity();
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) m(i, j) = r(i, j);
    m(i, 3) = transform.translation[i];
  }
  return m;
}

// Similarity b_from_a: x_in_b = scale * rotation * x_in_a + translation.
template <class T>
struct Similarity {
  T scale;
  Quaternion<T> rotation;
  Vec<T, 3> translation;

  FOOTHOLD_HD static Similarity Identity() {
    return {T(1), Quaternion<T>::Identity(), Vec<T, 3>::Zero()};
  }
};
using Similarity3d = Similarity<double>;

template <class T>
FOOTHOLD_HD Vec<T, 3> operator*(const Similarity<T>& b_from_a, const Vec<T, 3>& x_in_a) {
  return b_from_a.scale * Rotate(b_from_a.rotation, x_in_a) + b_from_a.translation;
}
template <class T>
FOOTHOLD_HD Similarity<T> operator*(const Similarity<T>& c_from_b, const Similarity<T>& b_from_a) {
  return {c_from_b.scale * b_from_a.scale,
          Normalized(c_from_b.rotation * b_from_a.rotation),
          c_from_b * b_from_a.translation};
}
template <class T>
FOOTHOLD_HD Similarity<T> Inverse(const Similarity<T>& b_from_a) {
  const Quaternion<T> rotation = Conjugate(b_from_a.rotation);
  const T scale = T(1) / b_from_a.scale;
  return {scale, rotation, -(scale * Rotate(rotation, b_from_a.translation))};
}

}  // namespace foothold
