// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track_assignment.h"

#include <limits>
#include <utility>

#include "foothold/base/error.h"

namespace foothold {
namespace {

// Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957); num_rows <= num_columns.
// cost(row, column), both from 0. Returns the row of each column, -1 if free.
template <class Cost>
std::vector<int> RowOfColumn(const Cost& cost, int num_rows, int num_columns) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> row_potential(num_rows, 0), column_potential(num_columns + 1, 0);
  std::vector<int> row_of(num_columns + 1, -1);  // The last column is a sentinel that starts each path.
  for (int row = 0; row < num_rows; ++row) {
    int column = num_columns;
    row_of[column] = row;
    std::vector<double> slack(num_columns, kInfinity);
    std::vector<int> came_from(num_columns, num_columns);
    std::vector<bool> visited(num_columns + 1, false);
    while (row_of[column] >= 0) {
      visited[column] = true;
      const int current = row_of[column];
      double step = kInfinity;
      int next = -1;
      for (int j = 0; j < num_columns; ++j) {
        if (visited[j]) continue;
        const double reduced = cost(current, j) - row_potential[current] - column_potential[j];
        if (reduced < slack[j]) {
          slack[j] = reduced;
          came_from[j] = column;
        }
        if (slack[j] < step) {
          step = slack[j];
          next = j;
        }
      }
      for (int j = 0; j <= num_columns; ++j) {
        if (visited[j]) {
          row_potential[row_of[j]] += step;
          column_potential[j] -= step;
        } else if (j < num_columns) {
          slack[j] -= step;
        }
      }
      column = next;
    }
    for (; column != num_columns; column = came_from[column]) row_of[column] = row_of[came_from[column]];
    row_of[num_columns] = -1;
  }
  row_of.pop_back();
  return row_of;
}

}  // namespace

std::vector<int> SolveAssignment(const std::vector<double>& cost, int num_rows, int num_columns) {
  FOOTHOLD_CHECK(cost.size() == static_cast<size_t>(num_rows) * num_columns, "cost matrix has another size");
  std::vector<int> column_of_row(num_rows, -1);
  if (num_rows == 0 || num_columns == 0) return column_of_row;
  if (num_rows <= num_columns) {
    const auto at = [&](int row, int column) {
      return cost[static_cast<size_t>(row) * num_columns + column];
    };
    const std::vector<int> row_of = RowOfColumn(at, num_rows, num_columns);
    for (int column = 0; column < num_columns; ++column) {
      if (row_of[column] >= 0) column_of_row[row_of[column]] = column;
    }
  } else {
    const auto at = [&](int column, int row) {
      return cost[static_cast<size_t>(row) * num_columns + column];
    };
    const std::vector<int> column_of = RowOfColumn(at, num_columns, num_rows);
    for (int row = 0; row < num_rows; ++row) column_of_row[row] = column_of[row];
  }
  return column_of_row;
}

}  // namespace foothold
