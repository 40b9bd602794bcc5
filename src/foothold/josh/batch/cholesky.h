// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "foothold/josh/batch/block.h"

namespace foothold::batch {

// Dense symmetric positive definite systems, one per thread block: L D L^T by panels of columns that
// stay in shared memory. Columns are kept unscaled, u_rj = L_rj d_j with d_j = u_jj. The right-hand side
// is eliminated along as row n.
constexpr int kPanelColumns = 8;
constexpr int kRowsPerTask = 8;

// From one column of a panel in shared memory to the next: neighbouring threads take neighbouring rows,
// and an odd stride puts columns on different banks.
FOOTHOLD_HD constexpr int PanelStride(int n) { return (n + 1) | 1; }
// Doubles of shared memory for n unknowns.
FOOTHOLD_HD constexpr int CholeskyScratch(int n) {
  return (kPanelColumns + 1) * PanelStride(n) + kPanelColumns * kPanelColumns;
}

// `a`: (n + 1) x n row-major, lower triangle of the matrix, then the right-hand side.
template <class Block>
FOOTHOLD_HD void LoadPanel(Block& block, int n, int first, int width, const double* a, double* panel) {
  const int stride = PanelStride(n);
  block.For(n + 1 - first, [&](int r) {
    const double* from = a + static_cast<int64_t>(first + r) * n + first;
    double row[kPanelColumns];  // All reads before the first write: they need not wait for each other.
    FOOTHOLD_UNROLL
    for (int c = 0; c < kPanelColumns; ++c) row[c] = c < width && c <= r ? from[c] : 0.0;
    FOOTHOLD_UNROLL
    for (int c = 0; c < kPanelColumns; ++c) panel[c * stride + r] = row[c];
  });
}

// The diagonal block by one thread, then every row below against it: two meetings for a panel instead of
// one for each column. inverse[j] = 1 / d_j.
template <class Block>
FOOTHOLD_HD void FactorizePanel(
    Block& block, int rows, int width, int stride, double* panel, double* inverse) {
  block.Once([&] {
    double u[kPanelColumns][kPanelColumns];
    FOOTHOLD_UNROLL
    for (int r = 0; r < kPanelColumns; ++r) {
      FOOTHOLD_UNROLL
      for (int c = 0; c <= r; ++c) u[r][c] = r < width ? panel[c * stride + r] : (r == c ? 1.0 : 0.0);
    }
    FOOTHOLD_UNROLL
    for (int j = 0; j < kPanelColumns; ++j) {
      const double over = 1 / u[j][j];
      inverse[j] = over;
      FOOTHOLD_UNROLL
      for (int r = j + 1; r < kPanelColumns; ++r) {
        const double scaled = u[r][j] * over;
        FOOTHOLD_UNROLL
        for (int c = j + 1; c <= r; ++c) u[r][c] -= scaled * u[c][j];
      }
    }
    FOOTHOLD_UNROLL
    for (int r = 0; r < kPanelColumns; ++r) {
      FOOTHOLD_UNROLL
      for (int c = 0; c <= r; ++c) {
        if (r < width) panel[c * stride + r] = u[r][c];
      }
    }
  });
  block.For(rows - width, [&](int i) {
    double* row = panel + width + i;
    double u[kPanelColumns];
    FOOTHOLD_UNROLL
    for (int c = 0; c < kPanelColumns; ++c) u[c] = row[c * stride];
    FOOTHOLD_UNROLL
    for (int j = 0; j < kPanelColumns; ++j) {
      const double scaled = u[j] * inverse[j];
      FOOTHOLD_UNROLL
      for (int c = j + 1; c < kPanelColumns; ++c) {
        if (c < width) u[c] -= scaled * panel[j * stride + c];
      }
    }
    FOOTHOLD_UNROLL
    for (int c = 0; c < kPanelColumns; ++c) row[c * stride] = u[c];
  });
}

// Subtracts the panel's part from everything to its right: a task takes several rows of one column.
template <class Block>
FOOTHOLD_HD void UpdateTrailing(
    Block& block, int n, int first, int width, const double* panel, const double* inverse, double* a) {
  const int stride = PanelStride(n), start = first + width;
  const int rows = n + 1 - start, columns = n - start;
  block.For((rows + kRowsPerTask - 1) / kRowsPerTask * columns, [&](int task) {
    const int top = task / columns * kRowsPerTask, s = task % columns;
    if (top + kRowsPerTask <= s) return;  // All above the diagonal.
    const int last = rows - 1 - top;
    double* to = a + static_cast<int64_t>(start + top) * n + start + s;
    double left[kRowsPerTask], sum[kRowsPerTask] = {};
    FOOTHOLD_UNROLL
    for (int k = 0; k < kRowsPerTask; ++k) left[k] = k <= last && s <= top + k ? to[k * n] : 0.0;
    for (int c = 0; c < width; ++c) {
      const double* column = panel + c * stride + width;
      const double scaled = column[s] * inverse[c];
      FOOTHOLD_UNROLL
      for (int k = 0; k < kRowsPerTask; ++k) sum[k] += column[top + (k < last ? k : last)] * scaled;
    }
    FOOTHOLD_UNROLL
    for (int k = 0; k < kRowsPerTask; ++k) {
      if (k <= last && s <= top + k) to[k * n] = left[k] - sum[k];
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
    FactorizePanel(block, rows, width, PanelStride(n), panel, inverse);
    block.For(rows * width, [&](int i) {
      const int r = i / width, c = i % width;
      if (c <= r) a[static_cast<int64_t>(first + r) * n + first + c] = panel[c * PanelStride(n) + r];
    });
    UpdateTrailing(block, n, first, width, panel, inverse, a);
  }
  return !Any(block, n, flag, [&](int i) { return !(a[static_cast<int64_t>(i) * n + i] > 0); });
}

// x of L D L^T x = b after FactorizeWithRightSide, panel by panel from the end. `scratch` has
// CholeskyScratch(n) doubles.
template <class Block>
FOOTHOLD_HD void SolveFactorized(Block& block, int n, const double* a, double* scratch, double* x) {
  double* rest = scratch;         // d_j (x_j plus what is still to be subtracted).
  double* inverse = scratch + n;  // 1 / d_j
  double* diagonal = scratch + 2 * n;
  block.For(n, [&](int i) {
    rest[i] = a[static_cast<int64_t>(n) * n + i];
    inverse[i] = 1 / a[static_cast<int64_t>(i) * n + i];
  });
  for (int end = n; end > 0;) {
    const int first = (end - 1) / kPanelColumns * kPanelColumns;
    const int width = end - first;
    block.For(width * width, [&](int i) {
      const int r = i / width, c = i % width;
      diagonal[r * kPanelColumns + c] = a[static_cast<int64_t>(first + r) * n + first + c];
    });
    block.Once([&] {
      for (int j = width - 1; j >= 0; --j) {
        const double value = rest[first + j] * inverse[first + j];
        x[first + j] = value;
        for (int i = 0; i < j; ++i) rest[first + i] -= diagonal[j * kPanelColumns + i] * value;
      }
    });
    block.For(first, [&](int i) {
      double sum = 0;
      for (int j = first; j < end; ++j) sum += a[static_cast<int64_t>(j) * n + i] * x[j];
      rest[i] -= sum;
    });
    end = first;
  }
}

}  // namespace foothold::batch
