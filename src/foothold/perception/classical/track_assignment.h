// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace foothold {

// Column of each row such that the sum of cost[row * num_columns + column] is smallest (Hungarian
// method, O(n^3)); -1 for the rows left over when there are more rows than columns. Costs are finite.
std::vector<int> SolveAssignment(const std::vector<double>& cost, int num_rows, int num_columns);

}  // namespace foothold
