// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/parameters.h"

#include "foothold/base/error.h"

namespace foothold {
namespace {

void WriteRotation(const Quatd& q, double* value) {
  value[0] = q.w;
  value[1] = q.x;
  value[2] = q.y;
  value[3] = q.z;
}

}  // namespace

int ParameterLayout::BeginBlock() {
  Block block;
  block.value_offset = static_cast<int>(initial_values_.size());
  block.tangent_offset = num_tangent_;
  blocks_.push_back(block);
  return num_blocks() - 1;
}

int ParameterLayout::AddPiece(Manifold manifold, const std::vector<double>& value, int dof) {
  FOOTHOLD_CHECK(!blocks_.empty(), "a piece needs a block: call BeginBlock first");
  Piece piece;
  piece.manifold = manifold;
  piece.value_offset = static_cast<int>(initial_values_.size());
  piece.tangent_offset = num_tangent_;
  piece.dof = dof;
  initial_values_.insert(initial_values_.end(), value.begin(), value.end());
  num_tangent_ += dof;
  blocks_.back().dof += dof;
  pieces_.push_back(piece);
  blocks_.back().pieces.push_back(static_cast<int>(pieces_.size()) - 1);
  return static_cast<int>(pieces_.size()) - 1;
}

int ParameterLayout::AddEuclidean(const std::vector<double>& value) {
  return AddPiece(Manifold::kEuclidean, value, static_cast<int>(value.size()));
}

int ParameterLayout::AddRotation(const Quatd& value) {
  std::vector<double> values(4);
  WriteRotation(value, values.data());
  return AddPiece(Manifold::kRotation, values, 3);
}

int ParameterLayout::AddRigid(const Rigid3d& value) {
  std::vector<double> values(7);
  WriteRotation(value.rotation, values.data());
  for (int i = 0; i < 3; ++i) values[4 + i] = value.translation[i];
  return AddPiece(Manifold::kRigid, values, 6);
}

int ParameterLayout::num_free() const {
  int count = 0;
  for (const Piece& piece : pieces_) count += piece.fixed ? 0 : piece.dof;
  return count;
}

std::vector<uint8_t> ParameterLayout::FreeMask() const {
  std::vector<uint8_t> mask(num_tangent_, 1);
  for (const Piece& piece : pieces_) {
    if (!piece.fixed) continue;
    for (int i = 0; i < piece.dof; ++i) mask[piece.tangent_offset + i] = 0;
  }
  return mask;
}

void ParameterLayout::Plus(const std::vector<double>& values,
                           const std::vector<double>& delta,
                           std::vector<double>* sum) const {
  *sum = values;
  for (const Piece& piece : pieces_) {
    if (piece.fixed) continue;
    const double* d = &delta[piece.tangent_offset];
    double* x = &(*sum)[piece.value_offset];
    switch (piece.manifold) {
      case Manifold::kEuclidean:
        for (int i = 0; i < piece.dof; ++i) x[i] += d[i];
        break;
      case Manifold::kRotation:
        WriteRotation(Normalized(ReadRotation(x) * ExpQuaternion(Vec3d{d[0], d[1], d[2]})), x);
        break;
      case Manifold::kRigid:
        WriteRotation(Normalized(ExpQuaternion(Vec3d{d[0], d[1], d[2]}) * ReadRotation(x)), x);
        for (int i = 0; i < 3; ++i) x[4 + i] += d[3 + i];
        break;
    }
  }
}

}  // namespace foothold
