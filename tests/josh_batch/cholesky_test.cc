// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/batch/cholesky.h"

#include <gtest/gtest.h>

#include <vector>

#include "foothold/base/random.h"
#include "foothold/josh/batch/host_block.h"

namespace foothold::batch {
namespace {

// B B^T + small I, full, row-major.
std::vector<double> PositiveMatrix(int n, RandomStream* random) {
  std::vector<double> b(static_cast<size_t>(n) * n), a(b.size(), 0.0);
  for (double& x : b) x = random->Normal();
  for (int r = 0; r < n; ++r) {
    for (int c = 0; c < n; ++c) {
      for (int k = 0; k < n; ++k) a[r * n + c] += b[r * n + k] * b[c * n + k];
    }
    a[r * n + r] += 0.1;
  }
  return a;
}

bool Solve(int n,
           const std::vector<double>& matrix,
           const std::vector<double>& right,
           std::vector<double>* x) {
  HostBlock block(nullptr);
  std::vector<double> a(static_cast<size_t>(n + 1) * n, -7.0);  // The upper triangle is never read.
  for (int r = 0; r < n; ++r) {
    for (int c = 0; c <= r; ++c) a[r * n + c] = matrix[r * n + c];
  }
  for (int c = 0; c < n; ++c) a[static_cast<size_t>(n) * n + c] = right[c];
  std::vector<double> scratch(CholeskyScratch(n));
  int flag = 0;
  x->assign(n, 0.0);
  if (!FactorizeWithRightSide(block, n, a.data(), scratch.data(), &flag)) return false;
  SolveFactorized(block, n, a.data(), scratch.data(), x->data());
  return true;
}

TEST(BatchCholesky, SolvesEverySize) {
  RandomStream random(1, "cholesky");
  for (int n = 1; n <= 70; ++n) {
    const std::vector<double> matrix = PositiveMatrix(n, &random);
    std::vector<double> expected(n), right(n, 0.0), x;
    for (double& e : expected) e = random.Normal();
    for (int r = 0; r < n; ++r) {
      for (int c = 0; c < n; ++c) right[r] += matrix[r * n + c] * expected[c];
    }
    ASSERT_TRUE(Solve(n, matrix, right, &x)) << n;
    // The condition number is at most about 4 n / 0.1.
    for (int i = 0; i < n; ++i) EXPECT_NEAR(x[i], expected[i], 1e-9) << n;
  }
}

TEST(BatchCholesky, RefusesWhatIsNotPositive) {
  RandomStream random(2, "cholesky");
  for (const int n : {1, 8, 9, 23}) {
    for (const double bad : {-1.0, 0.0, std::nan("")}) {
      std::vector<double> matrix = PositiveMatrix(n, &random), x;
      matrix[static_cast<size_t>(n) * n - 1] = bad;
      EXPECT_FALSE(Solve(n, matrix, std::vector<double>(n, 1.0), &x)) << n << " " << bad;
    }
  }
}

}  // namespace
}  // namespace foothold::batch
