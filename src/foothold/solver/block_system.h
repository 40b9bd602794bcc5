// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "foothold/solver/energy_term.h"

namespace foothold {

// Sparse symmetric positive definite system of dense blocks, solved by block Cholesky. The pattern
// and the elimination order are fixed at construction: the given order or approximate minimum degree,
// whichever costs fewer operations. With frames in time order that is linear in the number of frames:
// bodies and cameras couple only within a window.
// Single-threaded and in a fixed order, so the result depends on nothing but the input.
class BlockSystem {
 public:
  // `dofs`: size of each block. `cliques`: sets of blocks that are coupled.
  BlockSystem(const std::vector<int>& dofs, const std::vector<std::vector<int>>& cliques);

  void SetZero();
  // Adds weight * group to the matrix and the gradient. The group's blocks form one of the cliques.
  void Add(const std::vector<int>& blocks, const GroupSystem& group, double weight);
  // Removes the rows and columns of dimensions with mask 0: their step is zero.
  void ApplyMask(const std::vector<uint8_t>& free_mask);

  const std::vector<double>& gradient() const { return gradient_; }
  const std::vector<double>& diagonal() const { return diagonal_; }

  // Solves (H + damping * diag(scale)) step = -gradient. False when the matrix is not positive
  // definite or the step is not finite.
  bool Solve(double damping, const std::vector<double>& scale, std::vector<double>* step);

  // H + damping * diag(scale) = L L^T. False when the matrix is not positive definite.
  bool Factorize(double damping, const std::vector<double>& scale);
  // x <- (L L^T)^-1 x after Factorize.
  void SolveInPlace(std::vector<double>* x) const;
  // After Factorize without damping: the smallest pivot over its diagonal entry of H, fixed dimensions left
  // out. Its inverse is a lower bound of the condition number of H scaled to a unit diagonal.
  double SmallestPivotShare(const std::vector<uint8_t>& free_mask) const;

  int num_rows() const { return static_cast<int>(gradient_.size()); }
  int64_t num_factor_entries() const;
  double factor_flops() const { return flops_; }

 private:
  // A block column of the factor: its own rows, then the rows of `below`, column-major.
  struct Column {
    int block = 0;
    int dof = 0;
    int rows = 0;
    std::vector<int> below;       // Positions in elimination order, ascending.
    std::vector<int> row_offset;  // Of each entry of `below` inside the panel.
    size_t offset = 0;            // Of the panel in the value arrays.
  };

  void ChooseOrder(const std::vector<std::vector<int>>& cliques);
  void Analyze(const std::vector<std::vector<int>>& cliques, const std::vector<int>& order);
  int RowOffset(const Column& column, int position) const;
  void EliminateColumn(int position);

  std::vector<int> dofs_;
  std::vector<int> tangent_offset_;
  std::vector<int> position_;  // Of each block in the elimination order.
  std::vector<Column> columns_;
  std::vector<double> matrix_;  // Panels of H.
  std::vector<double> factor_;  // Panels of L.
  std::vector<double> update_;  // Scratch of EliminateColumn.
  std::vector<double> gradient_;
  std::vector<double> diagonal_;
  double flops_ = 0;
};

}  // namespace foothold
