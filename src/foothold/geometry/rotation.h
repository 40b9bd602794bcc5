// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/vec.h"

namespace foothold {

// Quaternion (w, x, y, z). Rotations are unit quaternions; products compose as matrices do:
// (a * b) rotates by b first.
template <class T>
struct Quaternion {
  T w, x, y, z;

  FOOTHOLD_HD static Quaternion Identity() { return {T(1), T(0), T(0), T(0)}; }
  template <class U>
  FOOTHOLD_HD Quaternion<U> Cast() const {
    return {U(w), U(x), U(y), U(z)};
  }
};
using Quatd = Quaternion<double>;

template <class T>
FOOTHOLD_HD Quaternion<T> operator*(const Quaternion<T>& a, const Quaternion<T>& b) {
  return {a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
          a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
          a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
          a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}
template <class T>
FOOTHOLD_HD Quaternion<T> Conjugate(const Quaternion<T>& q) {
  return {q.w, -q.x, -q.y, -q.z};
}
template <class T>
FOOTHOLD_HD Quaternion<T> Normalized(const Quaternion<T>& q) {
  using std::sqrt;
  const T inverse = T(1) / sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
  return {q.w * inverse, q.x * inverse, q.y * inverse, q.z * inverse};
}
template <class T>
FOOTHOLD_HD T Dot(const Quaternion<T>& a, const Quaternion<T>& b) {
  return a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z;
}
// For unit quaternions.
template <class T>
FOOTHOLD_HD Mat<T, 3, 3> MatrixFromQuaternion(const Quaternion<T>& q) {
  const T two = T(2);
  return {T(1) - two * (q.y * q.y + q.z * q.z), two * (q.x * q.y - q.w * q.z), two * (q.x * q.z + q.w * q.y),
          two * (q.x * q.y + q.w * q.z), T(1) - two * (q.x * q.x + q.z * q.z), two * (q.y * q.z - q.w * q.x),
          two * (q.x * q.z - q.w * q.y), two * (q.y * q.z + q.w * q.x), T(1) - two * (q.x * q.x + q.y * q.y)};
}
template <class T>
FOOTHOLD_HD Vec<T, 3> Rotate(const Quaternion<T>& q, const Vec<T, 3>& v) {
  const Vec<T, 3> u{q.x, q.y, q.z};
  const Vec<T, 3> t = T(2) * Cross(u, v);
  return v + q.w * t + Cross(u, t);
}
// Unit quaternion with w >= 0 of a rotation matrix; exact for rotations, near for matrices near one.
template <class T>
FOOTHOLD_HD Quaternion<T> QuaternionFromMatrix(const Mat<T, 3, 3>& m) {
  using std::sqrt;
  const T trace = m(0, 0) + m(1, 1) + m(2, 2);
  Quaternion<T> q;
  if (trace > T(0)) {
    const T s = T(2) * sqrt(trace + T(1));
    q = {s / T(4), (m(2, 1) - m(1, 2)) / s, (m(0, 2) - m(2, 0)) / s, (m(1, 0) - m(0, 1)) / s};
  } else if (m(0, 0) > m(1, 1) && m(0, 0) > m(2, 2)) {
    const T s = T(2) * sqrt(T(1) + m(0, 0) - m(1, 1) - m(2, 2));
    q = {(m(2, 1) - m(1, 2)) / s, s / T(4), (m(0, 1) + m(1, 0)) / s, (m(0, 2) + m(2, 0)) / s};
  } else if (m(1, 1) > m(2, 2)) {
    const T s = T(2) * sqrt(T(1) + m(1, 1) - m(0, 0) - m(2, 2));
    q = {(m(0, 2) - m(2, 0)) / s, (m(0, 1) + m(1, 0)) / s, s / T(4), (m(1, 2) + m(2, 1)) / s};
  } else {
    const T s = T(2) * sqrt(T(1) + m(2, 2) - m(0, 0) - m(1, 1));
    q = {(m(1, 0) - m(0, 1)) / s, (m(0, 2) + m(2, 0)) / s, (m(1, 2) + m(2, 1)) / s, s / T(4)};
  }
  if (q.w < T(0)) q = {-q.w, -q.x, -q.y, -q.z};
  return Normalized(q);
}

// SO(3) exponential of a rotation vector (axis times angle, radians), as a unit quaternion. Smooth at
// zero, also for dual numbers.
template <class T>
FOOTHOLD_HD Quaternion<T> ExpQuaternion(const Vec<T, 3>& w) {
  using std::cos;
  using std::sin;
  using std::sqrt;
  const T angle2 = SquaredNorm(w);
  T real, scale;
  if (angle2 < T(1e-8)) {
    real = T(1) - angle2 / T(8);
    scale = T(0.5) - angle2 / T(48);
  } else {
    const T angle = sqrt(angle2);
    real = cos(angle / T(2));
    scale = sin(angle / T(2)) / angle;
  }
  return {real, scale * w[0], scale * w[1], scale * w[2]};
}
// Rotation vector of a unit quaternion, angle in [0, pi].
template <class T>
FOOTHOLD_HD Vec<T, 3> LogQuaternion(Quaternion<T> q) {
  using std::atan2;
  using std::sqrt;
  if (q.w < T(0)) q = {-q.w, -q.x, -q.y, -q.z};
  const T sin2 = q.x * q.x + q.y * q.y + q.z * q.z;
  T scale;
  if (sin2 < T(1e-12)) {
    scale = T(2) / q.w - T(2) / T(3) * sin2 / (q.w * q.w * q.w);
  } else {
    const T sine = sqrt(sin2);
    scale = T(2) * atan2(sine, q.w) / sine;
  }
  return {scale * q.x, scale * q.y, scale * q.z};
}
// Right Jacobian of SO(3): Exp(w + d) = Exp(w) Exp(J_r(w) d) to first order in d.
template <class T>
FOOTHOLD_HD Mat<T, 3, 3> RightJacobianSo3(const Vec<T, 3>& w) {
  using std::cos;
  using std::sin;
  using std::sqrt;
  const T angle2 = SquaredNorm(w);
  T a, b;
  if (angle2 < T(1e-8)) {
    a = T(0.5) - angle2 / T(24);
    b = T(1) / T(6) - angle2 / T(120);
  } else {
    const T angle = sqrt(angle2);
    a = (T(1) - cos(angle)) / angle2;
    b = (angle - sin(angle)) / (angle2 * angle);
  }
  const Mat<T, 3, 3> skew = Skew(w);
  return Mat<T, 3, 3>::Identity() - a * skew + b * (skew * skew);
}
// Spherical linear interpolation along the shorter arc; u in [0, 1].
template <class T>
FOOTHOLD_HD Quaternion<T> Slerp(const Quaternion<T>& a, const Quaternion<T>& b, const T& u) {
  return Normalized(a * ExpQuaternion(u * LogQuaternion(Conjugate(a) * b)));
}

}  // namespace foothold
