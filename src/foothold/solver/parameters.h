// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "foothold/geometry/transform.h"

namespace foothold {

// How a piece of a parameter block moves. Tangents:
//   kEuclidean  x <- x + d
//   kRotation   R <- R Exp(d), stored as a unit quaternion wxyz (right perturbation)
//   kRigid      R <- Exp(w) R, c <- c + v with d = (w, v), stored as quaternion wxyz and translation.
//               The left perturbation turns about the frame's own origin, so far-away frames stay
//               well conditioned.
enum class Manifold : uint8_t { kEuclidean, kRotation, kRigid };

// The unknowns of a problem: blocks, each a product of manifold pieces. A block is the unit of the
// block-sparse normal equations. Blocks are added in the order in which they should be eliminated.
class ParameterLayout {
 public:
  struct Piece {
    Manifold manifold = Manifold::kEuclidean;
    int value_offset = 0;    // Into the value vector.
    int tangent_offset = 0;  // Into the tangent vector.
    int dof = 0;
    bool fixed = false;
  };
  struct Block {
    int value_offset = 0;
    int tangent_offset = 0;
    int dof = 0;
    std::vector<int> pieces;
  };

  // Starts a block; returns its index.
  int BeginBlock();
  // Each appends a piece with its initial value to the block begun last; returns the piece's index.
  int AddEuclidean(const std::vector<double>& value);
  int AddRotation(const Quatd& value);
  int AddRigid(const Rigid3d& value);

  // A fixed piece keeps its value in every step.
  void SetFixed(int piece, bool fixed) { pieces_[piece].fixed = fixed; }

  int num_blocks() const { return static_cast<int>(blocks_.size()); }
  const Block& block(int index) const { return blocks_[index]; }
  const Piece& piece(int index) const { return pieces_[index]; }
  int num_tangent() const { return num_tangent_; }
  int num_free() const;  // Tangent dimensions that are not fixed.
  const std::vector<double>& initial_values() const { return initial_values_; }

  // One entry per tangent dimension: 1 free, 0 fixed.
  std::vector<uint8_t> FreeMask() const;
  // values <- values (+) delta; fixed pieces keep their bits.
  void Plus(const std::vector<double>& values,
            const std::vector<double>& delta,
            std::vector<double>* sum) const;

 private:
  int AddPiece(Manifold manifold, const std::vector<double>& value, int dof);

  std::vector<Block> blocks_;
  std::vector<Piece> pieces_;
  std::vector<double> initial_values_;
  int num_tangent_ = 0;
};

// Values of all blocks at one point.
struct ParameterView {
  const ParameterLayout* layout;
  const double* values;

  const double* Block(int index) const { return values + layout->block(index).value_offset; }
};

// Reading pieces back from values.
inline Quatd ReadRotation(const double* value) { return {value[0], value[1], value[2], value[3]}; }
inline Rigid3d ReadRigid(const double* value) {
  return {ReadRotation(value), {value[4], value[5], value[6]}};
}

}  // namespace foothold
