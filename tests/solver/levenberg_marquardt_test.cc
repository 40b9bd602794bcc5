// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/levenberg_marquardt.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "foothold/base/random.h"
#include "foothold/geometry/robust_kernel.h"

namespace foothold {
namespace {

using Termination = SolverSummary::Termination;

// Rosenbrock's function, one residual pair in one group.
class RosenbrockTerm : public EnergyTerm {
 public:
  std::string name() const override { return "rosenbrock"; }
  int num_residuals() const override { return 2; }
  int num_groups() const override { return 1; }
  const std::vector<int>& GroupBlocks(int) const override { return blocks_; }
  double Evaluate(const ParameterView& view, int, GroupSystem* system) const override {
    const double x = view.Block(0)[0], y = view.Block(0)[1];
    const double residual[2] = {10 * (y - x * x), 1 - x};
    const double jacobian[4] = {-20 * x, 10, -1, 0};
    if (system != nullptr) system->Add(2, jacobian, residual, 1.0);
    return (residual[0] * residual[0] + residual[1] * residual[1]) / 2;
  }

 private:
  std::vector<int> blocks_{0};
};

TEST(LevenbergMarquardt, FindsTheMinimumOfACurvedValley) {
  ParameterLayout layout;
  layout.BeginBlock();
  layout.AddEuclidean({-1.2, 1.0});
  RosenbrockTerm term;
  std::vector<WeightedTerm> terms{{&term}};
  MinimizerOptions options;
  options.max_iterations = 100;
  options.anneal_iterations = 0;
  options.function_tolerance = 1e-14;
  std::vector<double> values = layout.initial_values();
  SolverSummary summary;
  RegisterTerms(layout, terms, values, 1, &summary);
  Minimize(layout, terms, options, &values, &summary);
  EXPECT_NEAR(values[0], 1, 1e-6);
  EXPECT_NEAR(values[1], 1, 1e-6);
  EXPECT_LT(summary.terms[0].final, 1e-12);
  EXPECT_NEAR(summary.terms[0].initial, 12.1, 1e-12);
  EXPECT_EQ(summary.num_parameters, 2);
  // Accepted costs never rise.
  double last = std::numeric_limits<double>::infinity();
  for (const auto& iteration : summary.iterations) {
    if (!iteration.accepted) continue;
    EXPECT_LE(iteration.cost, last);
    last = iteration.cost;
  }
}

// Rotations: block b measures r_b from its neighbour; the first is fixed by a piece.
class RotationChainTerm : public EnergyTerm {
 public:
  explicit RotationChainTerm(std::vector<Quatd> relative) : relative_(std::move(relative)) {
    for (size_t i = 0; i < relative_.size(); ++i) blocks_.push_back({int(i), int(i) + 1});
  }
  std::string name() const override { return "chain"; }
  int num_residuals() const override { return 3 * num_groups(); }
  int num_groups() const override { return static_cast<int>(relative_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  // Points carried by both rotations agree.
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override {
    const Quatd a = ReadRotation(view.Block(group)), b = ReadRotation(view.Block(group + 1));
    double cost = 0;
    for (int axis = 0; axis < 3; ++axis) {
      Vec3d unit = Vec3d::Zero();
      unit[axis] = 1;
      const Vec3d in_b = Rotate(relative_[group], unit);
      const Vec3d residual = Rotate(a, in_b) - Rotate(b, unit);
      cost += SquaredNorm(residual) / 2;
      if (system == nullptr) continue;
      const Mat3d ja = -1.0 * (MatrixFromQuaternion(a) * Skew(in_b));
      const Mat3d jb = MatrixFromQuaternion(b) * Skew(unit);
      double jacobian[18];
      for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 3; ++c) {
          jacobian[6 * r + c] = ja(r, c);
          jacobian[6 * r + 3 + c] = jb(r, c);
        }
      }
      system->Add(3, jacobian, residual.data, 1.0);
    }
    return cost;
  }

 private:
  std::vector<Quatd> relative_;
  std::vector<std::vector<int>> blocks_;
};

struct ChainProblem {
  ParameterLayout layout;
  std::vector<Quatd> truth;
  std::vector<Quatd> relative;
};

ChainProblem MakeChain(int length) {
  RandomStream random(5, "chain");
  ChainProblem problem;
  for (int i = 0; i < length; ++i) {
    problem.truth.push_back(ExpQuaternion(Vec3d{random.Normal(), random.Normal(), random.Normal()}));
    problem.layout.BeginBlock();
    const Quatd start =
        i == 0 ? problem.truth[0]
               : problem.truth[i] *
                     ExpQuaternion(0.5 * Vec3d{random.Normal(), random.Normal(), random.Normal()});
    problem.layout.SetFixed(problem.layout.AddRotation(start), i == 0);
    if (i > 0) problem.relative.push_back(Conjugate(problem.truth[i - 1]) * problem.truth[i]);
  }
  return problem;
}

TEST(LevenbergMarquardt, OptimisesOnTheManifoldWithAFixedBlock) {
  ChainProblem problem = MakeChain(20);
  RotationChainTerm term(problem.relative);
  std::vector<WeightedTerm> terms{{&term}};
  MinimizerOptions options;
  options.max_iterations = 50;
  options.anneal_iterations = 0;
  options.function_tolerance = 1e-12;
  std::vector<double> values = problem.layout.initial_values();
  SolverSummary summary;
  RegisterTerms(problem.layout, terms, values, 1, &summary);
  Minimize(problem.layout, terms, options, &values, &summary);
  const ParameterView view{&problem.layout, values.data()};
  for (size_t i = 0; i < problem.truth.size(); ++i) {
    const Quatd found = ReadRotation(view.Block(static_cast<int>(i)));
    EXPECT_LT(Norm(LogQuaternion(Conjugate(problem.truth[i]) * found)), 1e-5) << i;
  }
}

TEST(LevenbergMarquardt, ThreadsDoNotChangeABit) {
  ChainProblem problem = MakeChain(150);
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2, 5}) {
    RotationChainTerm term(problem.relative);
    std::vector<WeightedTerm> terms{{&term}};
    MinimizerOptions options;
    options.threads = threads;
    std::vector<double> values = problem.layout.initial_values();
    SolverSummary summary;
    RegisterTerms(problem.layout, terms, values, threads, &summary);
    Minimize(problem.layout, terms, options, &values, &summary);
    results.push_back(values);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

// Mean of scalars under a robust kernel: outliers must not pull.
class RobustMeanTerm : public EnergyTerm {
 public:
  explicit RobustMeanTerm(std::vector<double> data) : data_(std::move(data)) {}
  std::string name() const override { return "mean"; }
  int num_residuals() const override { return static_cast<int>(data_.size()); }
  int num_groups() const override { return 1; }
  const std::vector<int>& GroupBlocks(int) const override { return blocks_; }
  void Anneal(double progress) override { epsilon_ = 3 * std::pow(1e-3, progress); }
  double Evaluate(const ParameterView& view, int, GroupSystem* system) const override {
    const auto kernel = RobustKernel<double>::FromGamma(0.4);
    double cost = 0;
    for (const double value : data_) {
      const double residual = view.Block(0)[0] - value, one = 1;
      cost += kernel.Value(std::sqrt(residual * residual + epsilon_ * epsilon_)) - kernel.Value(epsilon_);
      if (system != nullptr) system->Add(1, &one, &residual, kernel.Weight(std::abs(residual), epsilon_));
    }
    return cost;
  }

 private:
  std::vector<double> data_;
  std::vector<int> blocks_{0};
  double epsilon_ = 1;
};

TEST(LevenbergMarquardt, AnnealedRobustKernelIgnoresOutliers) {
  std::vector<double> data;
  RandomStream random(1, "robust");
  for (int i = 0; i < 70; ++i) data.push_back(2 + 0.01 * random.Normal());
  for (int i = 0; i < 30; ++i) data.push_back(10 + random.Normal());
  ParameterLayout layout;
  layout.BeginBlock();
  layout.AddEuclidean({7.0});
  RobustMeanTerm term(data);
  std::vector<WeightedTerm> terms{{&term}};
  std::vector<double> values = layout.initial_values();
  SolverSummary summary;
  RegisterTerms(layout, terms, values, 1, &summary);
  Minimize(layout, terms, MinimizerOptions(), &values, &summary);
  EXPECT_NEAR(values[0], 2, 0.01);
}

// Cost is finite only for x > 0; the Gauss-Newton step from the start jumps far below.
class CliffTerm : public EnergyTerm {
 public:
  std::string name() const override { return "cliff"; }
  int num_residuals() const override { return 1; }
  int num_groups() const override { return 1; }
  const std::vector<int>& GroupBlocks(int) const override { return blocks_; }
  double Evaluate(const ParameterView& view, int, GroupSystem* system) const override {
    const double x = view.Block(0)[0];
    const double residual = std::log(x), jacobian = 1 / x;
    if (system != nullptr) system->Add(1, &jacobian, &residual, 1.0);
    return residual * residual / 2;
  }

 private:
  std::vector<int> blocks_{0};
};

TEST(LevenbergMarquardt, NonFiniteStepsAreRejectedAndCounted) {
  ParameterLayout layout;
  layout.BeginBlock();
  layout.AddEuclidean({50.0});
  CliffTerm term;
  std::vector<WeightedTerm> terms{{&term}};
  std::vector<double> values = layout.initial_values();
  SolverSummary summary;
  RegisterTerms(layout, terms, values, 1, &summary);
  MinimizerOptions options;
  options.anneal_iterations = 0;
  Minimize(layout, terms, options, &values, &summary);
  EXPECT_GT(summary.num_non_finite_steps, 0);
  EXPECT_NEAR(values[0], 1, 1e-3);
}

TEST(LevenbergMarquardt, NonFiniteStartStopsAndKeepsTheValues) {
  ParameterLayout layout;
  layout.BeginBlock();
  layout.AddEuclidean({-1.0});
  CliffTerm term;
  std::vector<WeightedTerm> terms{{&term}};
  std::vector<double> values = layout.initial_values();
  SolverSummary summary;
  RegisterTerms(layout, terms, values, 1, &summary);
  Minimize(layout, terms, MinimizerOptions(), &values, &summary);
  EXPECT_EQ(summary.termination, Termination::kNonFinite);
  EXPECT_EQ(values[0], -1.0);
}

TEST(LevenbergMarquardt, NothingFreeIsNothingToDo) {
  ParameterLayout layout;
  layout.BeginBlock();
  layout.SetFixed(layout.AddEuclidean({2.0}), true);
  CliffTerm term;
  std::vector<WeightedTerm> terms{{&term}};
  std::vector<double> values = layout.initial_values();
  SolverSummary summary;
  EXPECT_EQ(summary.termination, Termination::kNotRun);
  RegisterTerms(layout, terms, values, 1, &summary);
  Minimize(layout, terms, MinimizerOptions(), &values, &summary);
  EXPECT_EQ(summary.termination, Termination::kNothingToDo);
}

}  // namespace
}  // namespace foothold
