// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/block_system.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/OrderingMethods>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "foothold/base/error.h"

namespace foothold {
namespace {

using Panel = Eigen::Map<Eigen::MatrixXd>;
using ConstPanel = Eigen::Map<const Eigen::MatrixXd>;

// Symbolic elimination: for each position the later positions that its column reaches.
std::vector<std::vector<int>> Eliminate(const std::vector<std::vector<int>>& cliques,
                                        const std::vector<int>& position) {
  const int count = static_cast<int>(position.size());
  std::vector<std::set<int>> reach(count);
  for (const std::vector<int>& clique : cliques) {
    for (const int a : clique) {
      for (const int b : clique) {
        if (position[a] < position[b]) reach[position[a]].insert(position[b]);
      }
    }
  }
  std::vector<std::vector<int>> below(count);
  for (int k = 0; k < count; ++k) {
    below[k].assign(reach[k].begin(), reach[k].end());
    // The first entry inherits the rest; the others get it from there (elimination tree).
    if (!below[k].empty()) reach[below[k][0]].insert(below[k].begin() + 1, below[k].end());
    reach[k].clear();
  }
  return below;
}

double CountFlops(const std::vector<std::vector<int>>& below, const std::vector<int>& dof_at) {
  double flops = 0;
  for (size_t k = 0; k < below.size(); ++k) {
    double rows = 0;
    for (const int position : below[k]) rows += dof_at[position];
    const double n = dof_at[k];
    flops += n * n * n / 3 + rows * n * n + rows * rows * n;
  }
  return flops;
}

std::vector<int> MinimumDegree(const std::vector<std::vector<int>>& cliques, int count) {
  std::vector<Eigen::Triplet<double>> entries;
  for (const std::vector<int>& clique : cliques) {
    for (const int a : clique) {
      for (const int b : clique) entries.emplace_back(a, b, 1.0);
    }
  }
  for (int i = 0; i < count; ++i) entries.emplace_back(i, i, 1.0);
  Eigen::SparseMatrix<double> graph(count, count);
  graph.setFromTriplets(entries.begin(), entries.end());
  Eigen::AMDOrdering<int>::PermutationType permutation;
  Eigen::AMDOrdering<int>()(graph, permutation);
  // The permutation's k-th index is the block that is eliminated at step k.
  return {permutation.indices().data(), permutation.indices().data() + count};
}

std::vector<int> Inverted(const std::vector<int>& order) {
  std::vector<int> position(order.size());
  for (size_t k = 0; k < order.size(); ++k) position[order[k]] = static_cast<int>(k);
  return position;
}

}  // namespace

BlockSystem::BlockSystem(const std::vector<int>& dofs, const std::vector<std::vector<int>>& cliques)
    : dofs_(dofs), tangent_offset_(dofs.size()) {
  int rows = 0;
  for (size_t b = 0; b < dofs.size(); ++b) {
    tangent_offset_[b] = rows;
    rows += dofs[b];
  }
  gradient_.resize(rows);
  diagonal_.resize(rows);
  ChooseOrder(cliques);
  SetZero();
}

void BlockSystem::ChooseOrder(const std::vector<std::vector<int>>& cliques) {
  const int count = static_cast<int>(dofs_.size());
  std::vector<int> natural(count);
  std::iota(natural.begin(), natural.end(), 0);
  const std::vector<int> minimum_degree = MinimumDegree(cliques, count);

  std::vector<int> dof_at(count);
  for (int k = 0; k < count; ++k) dof_at[k] = dofs_[minimum_degree[k]];
  const double natural_flops = CountFlops(Eliminate(cliques, natural), dofs_);
  const double minimum_degree_flops = CountFlops(Eliminate(cliques, Inverted(minimum_degree)), dof_at);
  flops_ = std::min(natural_flops, minimum_degree_flops);
  Analyze(cliques, natural_flops <= minimum_degree_flops ? natural : minimum_degree);
}

void BlockSystem::Analyze(const std::vector<std::vector<int>>& cliques, const std::vector<int>& order) {
  position_ = Inverted(order);
  std::vector<std::vector<int>> below = Eliminate(cliques, position_);
  columns_.resize(order.size());
  size_t size = 0;
  int max_rows = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    Column& column = columns_[k];
    column.block = order[k];
    column.dof = dofs_[order[k]];
    column.below = std::move(below[k]);
    column.rows = column.dof;
    for (const int position : column.below) {
      column.row_offset.push_back(column.rows);
      column.rows += dofs_[order[position]];
    }
    column.offset = size;
    size += static_cast<size_t>(column.rows) * column.dof;
    max_rows = std::max(max_rows, column.rows - column.dof);
  }
  matrix_.resize(size);
  factor_.resize(size);
  update_.resize(static_cast<size_t>(max_rows) * max_rows);
}

void BlockSystem::SetZero() {
  std::fill(matrix_.begin(), matrix_.end(), 0.0);
  std::fill(gradient_.begin(), gradient_.end(), 0.0);
  std::fill(diagonal_.begin(), diagonal_.end(), 0.0);
}

int BlockSystem::RowOffset(const Column& column, int position) const {
  const auto found = std::lower_bound(column.below.begin(), column.below.end(), position);
  FOOTHOLD_CHECK(found != column.below.end() && *found == position, "group is not one of the cliques");
  return column.row_offset[found - column.below.begin()];
}

void BlockSystem::Add(const std::vector<int>& blocks, const GroupSystem& group, double weight) {
  int row_start = 0;
  for (size_t a = 0; a < blocks.size(); ++a) {
    const int rows = dofs_[blocks[a]];
    for (int r = 0; r < rows; ++r) {
      const size_t diagonal = static_cast<size_t>(row_start + r) * (group.size + 1);
      gradient_[tangent_offset_[blocks[a]] + r] += weight * group.gradient[row_start + r];
      diagonal_[tangent_offset_[blocks[a]] + r] += weight * group.hessian[diagonal];
    }
    int column_start = 0;
    for (size_t b = 0; b <= a; ++b) {
      const int columns = dofs_[blocks[b]];
      const bool transposed = position_[blocks[a]] < position_[blocks[b]];
      const int column_block = transposed ? blocks[a] : blocks[b];
      const int row_block = transposed ? blocks[b] : blocks[a];
      const Column& column = columns_[position_[column_block]];
      const int offset = a == b ? 0 : RowOffset(column, position_[row_block]);
      double* panel = &matrix_[column.offset];
      for (int r = 0; r < rows; ++r) {
        const double* h = &group.hessian[static_cast<size_t>(row_start + r) * group.size + column_start];
        const int last = a == b ? r + 1 : columns;
        for (int c = 0; c < last; ++c) {
          const int panel_row = offset + (transposed ? c : r);
          const int panel_column = transposed ? r : c;
          panel[static_cast<size_t>(panel_column) * column.rows + panel_row] += weight * h[c];
        }
      }
      column_start += columns;
    }
    row_start += rows;
  }
}

void BlockSystem::ApplyMask(const std::vector<uint8_t>& free_mask) {
  for (const Column& column : columns_) {
    double* panel = &matrix_[column.offset];
    for (int c = 0; c < column.dof; ++c) {
      const bool column_free = free_mask[tangent_offset_[column.block] + c] != 0;
      double* values = panel + static_cast<size_t>(c) * column.rows;
      for (int r = 0; r < column.dof; ++r) {
        const bool free = column_free && free_mask[tangent_offset_[column.block] + r] != 0;
        if (!free) values[r] = r == c ? 1.0 : 0.0;
      }
      for (size_t i = 0; i < column.below.size(); ++i) {
        const int block = columns_[column.below[i]].block;
        for (int r = 0; r < dofs_[block]; ++r) {
          const bool free = column_free && free_mask[tangent_offset_[block] + r] != 0;
          if (!free) values[column.row_offset[i] + r] = 0.0;
        }
      }
    }
  }
  for (size_t i = 0; i < gradient_.size(); ++i) {
    if (free_mask[i] != 0) continue;
    gradient_[i] = 0;
    diagonal_[i] = 1;
  }
}

// Schur complement of one factored column, scattered into the panels that it reaches.
void BlockSystem::EliminateColumn(int position) {
  const Column& column = columns_[position];
  const int rows = column.rows - column.dof;
  if (rows == 0) return;
  const Panel panel(&factor_[column.offset], column.rows, column.dof);
  Panel update(update_.data(), rows, rows);
  update.setZero();
  update.selfadjointView<Eigen::Lower>().rankUpdate(panel.bottomRows(rows));

  for (size_t a = 0; a < column.below.size(); ++a) {
    const Column& target = columns_[column.below[a]];
    Panel target_panel(&factor_[target.offset], target.rows, target.dof);
    const int source_column = column.row_offset[a] - column.dof;
    size_t found = 0;
    for (size_t b = a; b < column.below.size(); ++b) {
      const int source_row = column.row_offset[b] - column.dof;
      const int block_rows = columns_[column.below[b]].dof;
      int target_row = 0;
      if (b > a) {
        while (target.below[found] != column.below[b]) ++found;
        target_row = target.row_offset[found];
      }
      target_panel.block(target_row, 0, block_rows, target.dof) -=
          update.block(source_row, source_column, block_rows, target.dof);
    }
  }
}

bool BlockSystem::Factorize(double damping, const std::vector<double>& scale) {
  factor_ = matrix_;
  for (const Column& column : columns_) {
    double* panel = &factor_[column.offset];
    for (int c = 0; c < column.dof; ++c) {
      panel[static_cast<size_t>(c) * column.rows + c] += damping * scale[tangent_offset_[column.block] + c];
    }
  }
  for (size_t k = 0; k < columns_.size(); ++k) {
    const Column& column = columns_[k];
    Panel panel(&factor_[column.offset], column.rows, column.dof);
    Eigen::LLT<Eigen::MatrixXd> llt(panel.topRows(column.dof));
    if (llt.info() != Eigen::Success) return false;
    panel.topRows(column.dof) = llt.matrixL();
    const int rows = column.rows - column.dof;
    if (rows > 0) {
      auto rest = panel.bottomRows(rows);
      llt.matrixL().transpose().solveInPlace<Eigen::OnTheRight>(rest);
    }
    EliminateColumn(static_cast<int>(k));
  }
  return true;
}

bool BlockSystem::Solve(double damping, const std::vector<double>& scale, std::vector<double>* step) {
  if (!Factorize(damping, scale)) return false;
  step->resize(gradient_.size());
  for (size_t i = 0; i < gradient_.size(); ++i) (*step)[i] = -gradient_[i];
  SolveInPlace(step);
  return std::all_of(step->begin(), step->end(), [](double v) { return std::isfinite(v); });
}

double BlockSystem::SmallestPivotShare(const std::vector<uint8_t>& free_mask) const {
  double smallest = 1;
  for (const Column& column : columns_) {
    for (int c = 0; c < column.dof; ++c) {
      const int tangent = tangent_offset_[column.block] + c;
      if (free_mask[tangent] == 0) continue;
      const double root = factor_[column.offset + static_cast<size_t>(c) * column.rows + c];
      smallest = std::min(smallest, root * root / diagonal_[tangent]);
    }
  }
  return smallest;
}

void BlockSystem::SolveInPlace(std::vector<double>* solution) const {
  const auto segment = [&](int block) {
    return Eigen::Map<Eigen::VectorXd>(solution->data() + tangent_offset_[block], dofs_[block]);
  };
  for (const Column& column : columns_) {
    const ConstPanel panel(&factor_[column.offset], column.rows, column.dof);
    auto x = segment(column.block);
    panel.topRows(column.dof).triangularView<Eigen::Lower>().solveInPlace(x);
    for (size_t i = 0; i < column.below.size(); ++i) {
      const int block = columns_[column.below[i]].block;
      segment(block) -= panel.middleRows(column.row_offset[i], dofs_[block]) * x;
    }
  }
  for (auto column = columns_.rbegin(); column != columns_.rend(); ++column) {
    const ConstPanel panel(&factor_[column->offset], column->rows, column->dof);
    auto x = segment(column->block);
    for (size_t i = 0; i < column->below.size(); ++i) {
      const int block = columns_[column->below[i]].block;
      x -= panel.middleRows(column->row_offset[i], dofs_[block]).transpose() * segment(block);
    }
    panel.topRows(column->dof).triangularView<Eigen::Lower>().transpose().solveInPlace(x);
  }
}

int64_t BlockSystem::num_factor_entries() const { return static_cast<int64_t>(factor_.size()); }

}  // namespace foothold
