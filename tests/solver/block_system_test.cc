// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/block_system.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "foothold/base/random.h"

namespace foothold {
namespace {

struct RandomProblem {
  std::vector<int> dofs;
  std::vector<std::vector<int>> cliques;
  std::vector<GroupSystem> groups;
  Eigen::MatrixXd dense;
  Eigen::VectorXd gradient;
};

// Random cliques of random blocks; `window` limits how far apart they are.
RandomProblem MakeProblem(uint64_t seed, int num_blocks, int num_cliques, int window) {
  RandomStream random(seed, "block_system");
  RandomProblem problem;
  std::vector<int> offsets;
  int rows = 0;
  for (int b = 0; b < num_blocks; ++b) {
    problem.dofs.push_back(random.UniformInt(1, 9));
    offsets.push_back(rows);
    rows += problem.dofs.back();
  }
  problem.dense = Eigen::MatrixXd::Zero(rows, rows);
  problem.gradient = Eigen::VectorXd::Zero(rows);
  for (int c = 0; c < num_cliques; ++c) {
    const int first = random.UniformInt(0, num_blocks - 1);
    std::vector<int> clique{first};
    for (int k = 0; k < 3; ++k) {
      const int other = (first + random.UniformInt(1, window)) % num_blocks;
      if (std::find(clique.begin(), clique.end(), other) == clique.end()) clique.push_back(other);
    }
    std::vector<int> index;
    for (const int b : clique) {
      for (int d = 0; d < problem.dofs[b]; ++d) index.push_back(offsets[b] + d);
    }
    GroupSystem group;
    group.Reset(static_cast<int>(index.size()));
    std::vector<double> jacobian(2 * index.size()), residual{random.Normal(), random.Normal()};
    for (double& j : jacobian) j = random.Normal();
    group.Add(2, jacobian.data(), residual.data(), 0.7);
    for (size_t a = 0; a < index.size(); ++a) {
      problem.gradient[index[a]] += group.gradient[a];
      for (size_t b = 0; b <= a; ++b) {
        const double h = group.hessian[a * index.size() + b];
        problem.dense(index[a], index[b]) += h;
        if (a != b) problem.dense(index[b], index[a]) += h;
      }
    }
    problem.cliques.push_back(clique);
    problem.groups.push_back(group);
  }
  return problem;
}

class BlockSystemRandom : public testing::TestWithParam<int> {};

TEST_P(BlockSystemRandom, SolvesLikeADenseFactorisation) {
  const int window = GetParam();
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const RandomProblem problem = MakeProblem(seed, 12, 25, window);
    BlockSystem system(problem.dofs, problem.cliques);
    for (size_t g = 0; g < problem.groups.size(); ++g) {
      system.Add(problem.cliques[g], problem.groups[g], 2.0);
    }
    const std::vector<double> scale(system.num_rows(), 1.0);
    std::vector<double> step;
    ASSERT_TRUE(system.Solve(0.1, scale, &step));
    Eigen::MatrixXd damped = 2 * problem.dense;
    damped.diagonal().array() += 0.1;
    const Eigen::VectorXd expected = damped.ldlt().solve(-2 * problem.gradient);
    for (int i = 0; i < system.num_rows(); ++i) {
      EXPECT_NEAR(step[i], expected[i], 1e-9 * (1 + expected.norm()));
      EXPECT_NEAR(system.diagonal()[i], 2 * problem.dense(i, i), 1e-12 * (1 + problem.dense(i, i)));
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Windows, BlockSystemRandom, testing::Values(1, 3, 11));

TEST(BlockSystem, MaskedDimensionsStayAndTheRestSolvesTheReducedSystem) {
  const RandomProblem problem = MakeProblem(3, 8, 30, 4);
  BlockSystem system(problem.dofs, problem.cliques);
  for (size_t g = 0; g < problem.groups.size(); ++g) system.Add(problem.cliques[g], problem.groups[g], 1.0);
  std::vector<uint8_t> mask(system.num_rows(), 1);
  Eigen::MatrixXd reduced = problem.dense;
  Eigen::VectorXd gradient = problem.gradient;
  for (int i = 0; i < system.num_rows(); i += 3) {
    mask[i] = 0;
    reduced.row(i).setZero();
    reduced.col(i).setZero();
    reduced(i, i) = 1;
    gradient[i] = 0;
  }
  system.ApplyMask(mask);
  std::vector<double> step;
  ASSERT_TRUE(system.Solve(1e-3, std::vector<double>(system.num_rows(), 1.0), &step));
  reduced.diagonal().array() += 1e-3;
  const Eigen::VectorXd expected = reduced.ldlt().solve(-gradient);
  for (int i = 0; i < system.num_rows(); ++i) EXPECT_NEAR(step[i], expected[i], 1e-7 * (1 + expected.norm()));
  EXPECT_EQ(step[0], 0);
}

TEST(BlockSystem, IndefiniteMatrixIsRefused) {
  BlockSystem system({2}, {{0}});
  GroupSystem group;
  group.Reset(2);
  group.hessian = {-1, 0, 0, 1};
  system.Add({0}, group, 1.0);
  std::vector<double> step;
  EXPECT_FALSE(system.Solve(0.5, {1, 1}, &step));
  EXPECT_TRUE(system.Solve(2.0, {1, 1}, &step));
}

// A chain in time order must not fill in: work grows linearly with its length.
TEST(BlockSystem, ChainCostsLinearWork) {
  const auto flops = [](int length) {
    std::vector<int> dofs(length, 7);
    std::vector<std::vector<int>> cliques;
    for (int i = 0; i < length; ++i) {
      for (int j = i + 1; j < std::min(length, i + 4); ++j) cliques.push_back({i, j});
    }
    return BlockSystem(dofs, cliques).factor_flops();
  };
  EXPECT_LT(flops(400), 2.1 * flops(200));
}

// Cameras of a walk round a block: a window of neighbours, and with laps an edge from every second one to
// where it was a lap before; a body beside each camera; something that all of them share, last.
std::vector<std::vector<int>> WalkCliques(int num_keyframes, int lap) {
  std::vector<std::vector<int>> cliques;
  const auto camera = [](int k) { return 2 * k + 1; };
  const int shared = 2 * num_keyframes;
  for (int k = 0; k < num_keyframes; ++k) {
    cliques.push_back({2 * k, camera(k), shared});
    for (int j = k + 1; j < std::min(num_keyframes, k + 11); ++j) {
      cliques.push_back({camera(k), camera(j), shared});
    }
    if (lap > 0 && k % 2 == 0 && k >= lap) cliques.push_back({camera(k - lap), camera(k), shared});
  }
  return cliques;
}

BlockSystem WalkSystem(int num_keyframes, int lap) {
  std::vector<int> dofs;
  for (int k = 0; k < num_keyframes; ++k) {
    dofs.push_back(24);
    dofs.push_back(7);
  }
  dofs.push_back(11);
  return BlockSystem(dofs, WalkCliques(num_keyframes, lap));
}

TEST(BlockSystem, WorkAndMemoryAreLinearInTheLengthWithLoopEdges) {
  for (const bool loops : {false, true}) {
    // Two laps, short or long.
    const BlockSystem half = WalkSystem(800, loops ? 400 : 0), whole = WalkSystem(1600, loops ? 800 : 0);
    EXPECT_LT(whole.factor_flops(), 2.3 * half.factor_flops()) << loops;
    EXPECT_LT(static_cast<double>(whole.num_factor_entries()), 2.3 * half.num_factor_entries()) << loops;
  }
  // Closing the loop costs a few times the work, not that of a dense system of a lap's cameras.
  EXPECT_LT(WalkSystem(800, 400).factor_flops(), 8 * WalkSystem(800, 0).factor_flops());
}

}  // namespace
}  // namespace foothold
