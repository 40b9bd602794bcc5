// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/geometry/transform.h"
#include "support/parity_file.h"

namespace foothold {

// Row-major matrices of reference files as our types, and back.

inline Mat3d MatrixAt(const std::vector<double>& values, size_t index) {
  Mat3d m;
  for (size_t e = 0; e < 9; ++e) m.data[e] = values[9 * index + e];
  return m;
}
inline Vec3d VectorAt(const std::vector<double>& values, size_t index) {
  return {values[3 * index], values[3 * index + 1], values[3 * index + 2]};
}
inline Rigid3d RigidAt(const std::vector<double>& values, size_t index) {
  const double* m = &values[16 * index];
  return {QuaternionFromMatrix(Mat3d{m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]}),
          {m[3], m[7], m[11]}};
}
inline std::vector<Rigid3d> ReadRigids(const ParityFile& file, const std::string& path) {
  const std::vector<double> values = file.Doubles(path);
  std::vector<Rigid3d> poses;
  for (size_t i = 0; i < values.size() / 16; ++i) poses.push_back(RigidAt(values, i));
  return poses;
}
inline std::vector<Vec3d> ReadVectors(const ParityFile& file, const std::string& path) {
  const std::vector<double> values = file.Doubles(path);
  std::vector<Vec3d> vectors;
  for (size_t i = 0; i < values.size() / 3; ++i) vectors.push_back(VectorAt(values, i));
  return vectors;
}
inline std::vector<Quatd> ReadRotations(const ParityFile& file, const std::string& path) {
  const std::vector<double> values = file.Doubles(path);
  std::vector<Quatd> rotations;
  for (size_t i = 0; i < values.size() / 9; ++i)
    rotations.push_back(QuaternionFromMatrix(MatrixAt(values, i)));
  return rotations;
}

template <int N>
void Append(std::vector<double>* values, const Vec<double, N>& v) {
  values->insert(values->end(), v.data, v.data + N);
}
template <int R, int C>
void Append(std::vector<double>* values, const Mat<double, R, C>& m) {
  values->insert(values->end(), m.data, m.data + R * C);
}
inline void Append(std::vector<double>* values, const Quatd& rotation) {
  Append(values, MatrixFromQuaternion(rotation));
}
inline void Append(std::vector<double>* values, const Rigid3d& pose) {
  Append(values, MatrixFromRigid(pose));
}
template <class T>
std::vector<double> Flatten(const std::vector<T>& items) {
  std::vector<double> values;
  for (const T& item : items) Append(&values, item);
  return values;
}

}  // namespace foothold
