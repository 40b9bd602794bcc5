// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/energy_term.h"

namespace foothold {

void GroupSystem::Add(int rows, const double* jacobian, const double* residual, double weight) {
  for (int row = 0; row < rows; ++row) {
    const double* j = jacobian + static_cast<size_t>(row) * size;
    for (int a = 0; a < size; ++a) {
      if (j[a] == 0) continue;
      const double scaled = weight * j[a];
      double* h = &hessian[static_cast<size_t>(a) * size];
      for (int b = 0; b <= a; ++b) h[b] += scaled * j[b];
      gradient[a] += scaled * residual[row];
    }
  }
}

}  // namespace foothold
