// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "foothold/geometry/host_device.h"

namespace foothold {

// Small fixed-size vectors and matrices for host and device, over float, double or a dual number.
// Aggregates: Vec3d v{1, 2, 3}. Larger linear algebra is Eigen's, on the host.
template <class T, int N>
struct Vec {
  T data[N];

  FOOTHOLD_HD T& operator[](int i) { return data[i]; }
  FOOTHOLD_HD const T& operator[](int i) const { return data[i]; }
  FOOTHOLD_HD static Vec Zero() {
    Vec v;
    for (int i = 0; i < N; ++i) v[i] = T(0);
    return v;
  }
  template <class U>
  FOOTHOLD_HD Vec<U, N> Cast() const {
    Vec<U, N> v;
    for (int i = 0; i < N; ++i) v[i] = U(data[i]);
    return v;
  }
};

// Row-major R x C matrix; multiplies column vectors.
template <class T, int R, int C>
struct Mat {
  T data[R * C];

  FOOTHOLD_HD T& operator()(int r, int c) { return data[r * C + c]; }
  FOOTHOLD_HD const T& operator()(int r, int c) const { return data[r * C + c]; }
  FOOTHOLD_HD static Mat Zero() {
    Mat m;
    for (int i = 0; i < R * C; ++i) m.data[i] = T(0);
    return m;
  }
  FOOTHOLD_HD static Mat Identity() {
    Mat m = Zero();
    for (int i = 0; i < (R < C ? R : C); ++i) m(i, i) = T(1);
    return m;
  }
  FOOTHOLD_HD Vec<T, R> Column(int c) const {
    Vec<T, R> v;
    for (int r = 0; r < R; ++r) v[r] = (*this)(r, c);
    return v;
  }
  template <class U>
  FOOTHOLD_HD Mat<U, R, C> Cast() const {
    Mat<U, R, C> m;
    for (int i = 0; i < R * C; ++i) m.data[i] = U(data[i]);
    return m;
  }
};

using Vec2d = Vec<double, 2>;
using Vec3d = Vec<double, 3>;
using Vec2f = Vec<float, 2>;
using Vec3f = Vec<float, 3>;
using Mat3d = Mat<double, 3, 3>;
using Mat4d = Mat<double, 4, 4>;

template <class T, int N>
FOOTHOLD_HD Vec<T, N> operator+(Vec<T, N> a, const Vec<T, N>& b) {
  for (int i = 0; i < N; ++i) a[i] = a[i] + b[i];
  return a;
}
template <class T, int N>
FOOTHOLD_HD Vec<T, N> operator-(Vec<T, N> a, const Vec<T, N>& b) {
  for (int i = 0; i < N; ++i) a[i] = a[i] - b[i];
  return a;
}
template <class T, int N>
FOOTHOLD_HD Vec<T, N> operator-(Vec<T, N> a) {
  for (int i = 0; i < N; ++i) a[i] = -a[i];
  return a;
}
template <class T, int N>
FOOTHOLD_HD Vec<T, N> operator*(const T& s, Vec<T, N> a) {
  for (int i = 0; i < N; ++i) a[i] = s * a[i];
  return a;
}
template <class T, int N>
FOOTHOLD_HD Vec<T, N> operator*(Vec<T, N> a, const T& s) {
  return s * a;
}
template <class T, int N>
FOOTHOLD_HD Vec<T, N> operator/(Vec<T, N> a, const T& s) {
  for (int i = 0; i < N; ++i) a[i] = a[i] / s;
  return a;
}
template <class T, int N>
FOOTHOLD_HD bool operator==(const Vec<T, N>& a, const Vec<T, N>& b) {
  for (int i = 0; i < N; ++i) {
    if (!(a[i] == b[i])) return false;
  }
  return true;
}
template <class T, int N>
FOOTHOLD_HD T Dot(const Vec<T, N>& a, const Vec<T, N>& b) {
  T sum = a[0] * b[0];
  for (int i = 1; i < N; ++i) sum = sum + a[i] * b[i];
  return sum;
}
template <class T, int N>
FOOTHOLD_HD T SquaredNorm(const Vec<T, N>& a) {
  return Dot(a, a);
}
template <class T, int N>
FOOTHOLD_HD T Norm(const Vec<T, N>& a) {
  using std::sqrt;
  return sqrt(SquaredNorm(a));
}
// The zero vector gives non-finite values; callers check.
template <class T, int N>
FOOTHOLD_HD Vec<T, N> Normalized(const Vec<T, N>& a) {
  return a / Norm(a);
}
template <class T>
FOOTHOLD_HD Vec<T, 3> Cross(const Vec<T, 3>& a, const Vec<T, 3>& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

template <class T, int R, int K, int C>
FOOTHOLD_HD Mat<T, R, C> operator*(const Mat<T, R, K>& a, const Mat<T, K, C>& b) {
  Mat<T, R, C> m = Mat<T, R, C>::Zero();
  for (int r = 0; r < R; ++r) {
    for (int k = 0; k < K; ++k) {
      for (int c = 0; c < C; ++c) m(r, c) = m(r, c) + a(r, k) * b(k, c);
    }
  }
  return m;
}
template <class T, int R, int C>
FOOTHOLD_HD Vec<T, R> operator*(const Mat<T, R, C>& a, const Vec<T, C>& v) {
  Vec<T, R> out;
  for (int r = 0; r < R; ++r) {
    out[r] = a(r, 0) * v[0];
    for (int c = 1; c < C; ++c) out[r] = out[r] + a(r, c) * v[c];
  }
  return out;
}
template <class T, int R, int C>
FOOTHOLD_HD Mat<T, R, C> operator+(Mat<T, R, C> a, const Mat<T, R, C>& b) {
  for (int i = 0; i < R * C; ++i) a.data[i] = a.data[i] + b.data[i];
  return a;
}
template <class T, int R, int C>
FOOTHOLD_HD Mat<T, R, C> operator-(Mat<T, R, C> a, const Mat<T, R, C>& b) {
  for (int i = 0; i < R * C; ++i) a.data[i] = a.data[i] - b.data[i];
  return a;
}
template <class T, int R, int C>
FOOTHOLD_HD Mat<T, R, C> operator*(const T& s, Mat<T, R, C> a) {
  for (int i = 0; i < R * C; ++i) a.data[i] = s * a.data[i];
  return a;
}
template <class T, int R, int C>
FOOTHOLD_HD Mat<T, C, R> Transposed(const Mat<T, R, C>& a) {
  Mat<T, C, R> m;
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < C; ++c) m(c, r) = a(r, c);
  }
  return m;
}
template <class T>
FOOTHOLD_HD T Determinant(const Mat<T, 3, 3>& m) {
  return m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) * m(2, 1)) -
         m(0, 1) * (m(1, 0) * m(2, 2) - m(1, 2) * m(2, 0)) +
         m(0, 2) * (m(1, 0) * m(2, 1) - m(1, 1) * m(2, 0));
}
// a b^T.
template <class T, int R, int C>
FOOTHOLD_HD Mat<T, R, C> Outer(const Vec<T, R>& a, const Vec<T, C>& b) {
  Mat<T, R, C> m;
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < C; ++c) m(r, c) = a[r] * b[c];
  }
  return m;
}
// [v]x, so that Skew(v) * w = Cross(v, w).
template <class T>
FOOTHOLD_HD Mat<T, 3, 3> Skew(const Vec<T, 3>& v) {
  return {T(0), -v[2], v[1], v[2], T(0), -v[0], -v[1], v[0], T(0)};
}

}  // namespace foothold
