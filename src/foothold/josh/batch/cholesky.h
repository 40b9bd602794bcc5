// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "foothold/josh/batch/block.h"

namespace foothold::batch {

// Dense symmetric positive definite systems, one per thread block: L D L^T by panels of columns that
// stay in shared memory. Columns are kept unscaled, u_rj = L_rj d_j with d_j = u_jj, so that a column
// costs one meeting of the threads. The right-hand side is eliminated along as row n.
constexpr int kPanelColumns = 8;
constexpr int kPanelStride = kPanelColumns + 1;  // Odd: rows fall on different banks.
constexpr int kUpdateTile = 4;                   // Entries of a task, per side.

// Doubles of shared memory for n unknowns.
FOOTHOLD_HD constexpr int CholeskyScratch(int n) { return (n + 1) * kPanelStride + kPanelColumns; }

// `a`: (n + 1) x n row-major, lower triangle of the matrix, then the right-hand side.
template <class Block>
FOOTHOLD_HD void LoadPanel(Block& block, int n, int first, int width, const double* a, double* panel) {
  block.For((n + 1 - first) * kPanelColumns, [&](int i) {
    const int r = i / kPanelColumns, c = i % kPanelColumns;
    const bool inside = c < width && c <= r;
    panel[r * kPanelStride + c] = inside ? a[static_cast<int64_t>(first + r) * n + first + c] : 0.0;
  });
}

// inverse[j] = 1 / d_j.
template <class Block>
FOOTHOLD_HD void FactorizePanel(Block& block, int rows, int width, double* panel, double* inverse) {
  for (int j = 0; j < width; ++j) {
    block.For(rows - j, [&](int i) {
      double* row = panel + (j + i) * kPanelStride;
      const double* pivot_row = panel + j * kPanelStride;
      double sum = row[j];
      for (int c = 0; c < j; ++c) sum -= row[c] * inverse[c] * pivot_row[c];
      row[j] = sum;
      if (i == 0) inverse[j] = 1 / sum;
    });
  }
}

// Subtracts the panel's part from everything to its right, in square tiles.
template <class Block>
FOOTHOLD_HD void UpdateTrailing(
    Block& block, int n, int first, int width, const double* panel, const double* inverse, double* a) {
  const int start = first + width, rows = n + 1 - start;
  const int tiles = (rows + kUpdateTile - 1) / kUpdateTile;
  block.For(tiles * (tiles + 1) / 2, [&](int task) {
    // Row of the triangle: the float root is right or one off.
    int tile_row = static_cast<int>((sqrtf(8.0f * static_cast<float>(task) + 1.0f) - 1.0f) / 2);
    while (tile_row * (tile_row + 1) / 2 > task) --tile_row;
    while ((tile_row + 1) * (tile_row + 2) / 2 <= task) ++tile_row;
    const int tile_column = task - tile_row * (tile_row + 1) / 2;
    const int top = kUpdateTile * tile_row, left = kUpdateTile * tile_column;
    double sum[kUpdateTile][kUpdateTile] = {};
    for (int c = 0; c < width; ++c) {
      double by_row[kUpdateTile], by_column[kUpdateTile];
      FOOTHOLD_UNROLL
      for (int k = 0; k < kUpdateTile; ++k) {
        const int r = top + k < rows ? top + k : rows - 1, s = left + k < rows ? left + k : rows - 1;
        by_row[k] = panel[(width + r) * kPanelStride + c] * inverse[c];
        by_column[k] = panel[(width + s) * kPanelStride + c];
      }
      FOOTHOLD_UNROLL
      for (int k = 0; k < kUpdateTile; ++k) {
        FOOTHOLD_UNROLL
        for (int l = 0; l < kUpdateTile; ++l) sum[k][l] += by_row[k] * by_column[l];
      }
    }
    FOOTHOLD_UNROLL
    for (int k = 0; k < kUpdateTile; ++k) {
      FOOTHOLD_UNROLL
      for (int l = 0; l < kUpdateTile; ++l) {
        const int r = top + k, s = left + l;
        if (r < rows && s <= r && start + s < n)
          a[static_cast<int64_t>(start + r) * n + start + s] -= sum[k][l];
      }
    }
  });
}

// Factorises in place. False when a pivot is not positive, or not a number. `scratch` has
// CholeskyScratch(n) doubles, `flag` one int, both of the block.
template <class Block>
FOOTHOLD_HD bool FactorizeWithRightSide(Block& block, int n, double* a, double* scratch, int* flag) {
  double* inverse = scratch;
  double* panel = scratch + kPanelColumns;
  for (int first = 0; first < n; first += kPanelColumns) {
    const int width = n - first < kPanelColumns ? n - first : kPanelColumns, rows = n + 1 - first;
    LoadPanel(block, n, first, width, a, panel);
    FactorizePanel(block, rows, width, panel, inverse);
    block.For(rows * width, [&](int i) {
      const int r = i / width, c = i % width;
      if (c <= r) a[static_cast<int64_t>(first + r) * n + first + c] = panel[r * kPanelStride + c];
    });
    UpdateTrailing(block, n, first, width, panel, inverse, a);
  }
  return !Any(block, n, flag, [&](int i) { return !(a[static_cast<int64_t>(i) * n + i] > 0); });
}

// x of L D L^T x = b after FactorizeWithRightSide. `scratch` has 2 n doubles.
template <class Block>
FOOTHOLD_HD void SolveFactorized(Block& block, int n, const double* a, double* scratch, double* x) {
  double* rest = scratch;         // d_j (x_j plus what is still to be subtracted).
  double* inverse = scratch + n;  // 1 / d_j
  block.For(n, [&](int i) {
    rest[i] = a[static_cast<int64_t>(n) * n + i];
    inverse[i] = 1 / a[static_cast<int64_t>(i) * n + i];
  });
  for (int j = n - 1; j > 0; --j) {
    block.For(j, [&](int i) { rest[i] -= a[static_cast<int64_t>(j) * n + i] * (rest[j] * inverse[j]); });
  }
  block.For(n, [&](int i) { x[i] = rest[i] * inverse[i]; });
}

}  // namespace foothold::batch
