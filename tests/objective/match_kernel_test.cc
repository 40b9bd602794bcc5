// SPDX-License-Identifier: Apache-2.0
// The inner loops of the match terms: derivatives against differences of the cost, lanes against double.
#include "foothold/objective/match_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "foothold/base/random.h"
#include "foothold/geometry/robust_kernel.h"
#include "foothold/geometry/rotation.h"
#include "foothold/objective/match_sums.h"
#include "foothold/objective/pair_system.h"

namespace foothold {
namespace {

constexpr double kMedianDepth_m = 4, kBaseFocal_px = 480;

struct Match {
  MatchEnd<double> source, target;
  double confidence;
};

// A pair of cameras in the released depth model, from its unknowns.
struct Pair {
  Mat3d rotation = MatrixFromQuaternion(ExpQuaternion(Vec3d{0.05, -0.1, 0.08}));
  Vec3d translation{0.3, -0.1, 0.2};
  double source_log_scale = 0.1, target_log_scale = -0.05, log_focal = std::log(450.0);

  double focal() const { return std::exp(log_focal); }
  Vec3d depth() const {
    const double zoom = focal() / kBaseFocal_px;
    return {kMedianDepth_m * (zoom - 1), 1 / zoom, kMedianDepth_m * zoom};
  }
  PairGeometry Geometry() const {
    return {rotation,
            translation,
            std::exp(source_log_scale),
            std::exp(target_log_scale),
            focal(),
            depth(),
            depth()};
  }
};

template <class T>
PointModel<T> MakeModel(const Mat3d& rotation, double size, const Pair& pair) {
  PointModel<T> model;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) {
      model.rays(r, c) = T(static_cast<float>(size * rotation(r, c) / (c < 2 ? pair.focal() : 1)));
    }
  }
  model.shift = T(static_cast<float>(pair.depth()[0]));
  model.stretch = T(static_cast<float>(pair.depth()[1]));
  model.zoom = T(static_cast<float>(pair.depth()[2]));
  return model;
}
// Not rounded to float, for differences.
template <>
PointModel<double> MakeModel(const Mat3d& rotation, double size, const Pair& pair) {
  PointModel<double> model;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) model.rays(r, c) = size * rotation(r, c) / (c < 2 ? pair.focal() : 1);
  }
  model.shift = pair.depth()[0];
  model.stretch = pair.depth()[1];
  model.zoom = pair.depth()[2];
  return model;
}

template <class T>
SmoothKernel<T> MakeKernel(double gamma, double epsilon) {
  const auto exact = RobustKernel<double>::FromGamma(gamma);
  SmoothKernel<T> kernel;
  kernel.gamma = T(gamma);
  kernel.exponent = T(gamma - 1);
  kernel.offset = T(exact.offset);
  kernel.epsilon2 = T(epsilon * epsilon);
  kernel.floor = T(exact.Value(epsilon) + std::pow(exact.offset, gamma));
  kernel.inverse_sigma2 = T(1);
  kernel.limit2 = T(1e20);
  return kernel;
}

// As released: 512 x 384 pixels, projections limited to [-1000, 2000].
template <class T>
ProjectionModel<T> MakeProjection(const Pair& pair) {
  ProjectionModel<T> projection;
  for (int r = 0; r < 3; ++r) projection.translation[r] = T(pair.translation[r]);
  projection.focal = T(pair.focal());
  projection.min_depth = T(1e-3);
  projection.min_depth_ratio = T(0);
  const double center[2] = {256, 192};
  for (int a = 0; a < 2; ++a) {
    projection.center[a] = T(center[a]);
    projection.low[a] = T(-1000 - center[a]);
    projection.high[a] = T(2000 - center[a]);
  }
  return projection;
}

std::vector<Match> RandomMatches(int count, uint64_t seed) {
  RandomStream random(seed, "match kernel");
  std::vector<Match> matches;
  for (int i = 0; i < count; ++i) {
    const double depth = random.Uniform(2, 8);
    Match match;
    match.source = {random.Uniform(-250, 250), random.Uniform(-190, 190), depth, 0.05 * random.Normal()};
    match.target = {
        random.Uniform(-250, 250), random.Uniform(-190, 190), depth + 0.3 * random.Normal(), 0.02};
    match.confidence = random.Uniform(0.1, 3);
    matches.push_back(match);
  }
  return matches;
}

AlignSums<double> Align(const Pair& pair, const std::vector<Match>& matches) {
  AlignSums<double> sums;
  sums.SetZero();
  const PairGeometry geometry = pair.Geometry();
  for (const Match& match : matches) {
    AddAlignment<true>(MakeModel<double>(pair.rotation, geometry.source_size, pair),
                       MakeModel<double>(Mat3d::Identity(), geometry.target_size, pair),
                       pair.translation,
                       MakeKernel<double>(1.1, 0.05),
                       match.source,
                       match.target,
                       match.confidence,
                       &sums);
  }
  return sums;
}

ReprojectSums<double> Reproject(const Pair& pair, const std::vector<Match>& matches) {
  ReprojectSums<double> sums;
  sums.SetZero();
  for (const Match& match : matches) {
    AddReprojection<true>(MakeModel<double>(pair.rotation, pair.Geometry().source_size, pair),
                          MakeProjection<double>(pair),
                          MakeKernel<double>(0.4, 1),
                          match.source,
                          match.target.x,
                          match.target.y,
                          match.confidence,
                          &sums);
  }
  return sums;
}

// The pair with one unknown moved: twist, source log scale, then `last`.
Pair Moved(const Pair& pair, int column, double step, double Pair::*last) {
  Pair moved = pair;
  Vec3d turn = Vec3d::Zero();
  if (column < 3) turn[column] = step;
  moved.rotation = MatrixFromQuaternion(ExpQuaternion(turn)) * pair.rotation;
  if (column >= 3 && column < 6) moved.translation[column - 3] += step;
  if (column == 6) moved.source_log_scale += step;
  if (column == 7) moved.*last += step;
  return moved;
}

using Cost = std::function<double(const Pair&)>;
void ExpectGradient(const Pair& pair, const Vec<double, 8>& gradient, double Pair::*last, const Cost& cost) {
  const double size = std::sqrt(SquaredNorm(gradient));
  for (int column = 0; column < 8; ++column) {
    constexpr double kStep = 1e-5;
    const double slope =
        (cost(Moved(pair, column, kStep, last)) - cost(Moved(pair, column, -kStep, last))) / (2 * kStep);
    EXPECT_NEAR(gradient[column], slope, 1e-7 * size) << "column " << column;
  }
}

TEST(MatchKernel, AlignmentGradientIsTheSlopeOfTheCost) {
  const Pair pair;
  const std::vector<Match> matches = RandomMatches(40, 1);
  const auto system = AlignSystem(Align(pair, matches), pair.translation, 1);
  ExpectGradient(
      pair, system.gradient, &Pair::target_log_scale, [&](const Pair& p) { return Align(p, matches).cost; });
}

TEST(MatchKernel, ReprojectionGradientIsTheSlopeOfTheCost) {
  const Pair pair;
  const std::vector<Match> matches = RandomMatches(40, 2);
  const auto system = ReprojectSystem(Reproject(pair, matches), pair.translation, 1);
  ExpectGradient(
      pair, system.gradient, &Pair::log_focal, [&](const Pair& p) { return Reproject(p, matches).cost; });
}

// Half the points lie behind the target or at its edge: some coordinates are limited, some points are
// projected from the least depth.
TEST(MatchKernel, ReprojectionGradientHoldsAtTheLimits) {
  Pair pair;
  pair.rotation = MatrixFromQuaternion(ExpQuaternion(Vec3d{0.1, 1.45, 0.05}));
  pair.translation = {0.01, 0.02, 0};
  const std::vector<Match> matches = RandomMatches(60, 3);
  const auto model = MakeModel<double>(pair.rotation, pair.Geometry().source_size, pair);
  int behind = 0, one_limited = 0;
  for (const Match& match : matches) {
    ReprojectTerms<double> terms;
    ComputeReprojection<true>(
        model, MakeProjection<double>(pair), match.source, match.target.x, match.target.y, &terms);
    behind += terms.q > 999 ? 1 : 0;
    one_limited += terms.focal2 > 0 && std::max(std::abs(terms.x), std::abs(terms.y)) > 1191 / pair.focal();
  }
  EXPECT_GT(behind, 5);
  EXPECT_GT(one_limited, 0);
  const auto system = ReprojectSystem(Reproject(pair, matches), pair.translation, 1);
  ExpectGradient(
      pair, system.gradient, &Pair::log_focal, [&](const Pair& p) { return Reproject(p, matches).cost; });
}

// Inside the limits the matrix is the sum of w J^T J.
TEST(MatchKernel, ReprojectionMatrixIsThatOfGaussNewton) {
  const Pair pair;
  const std::vector<Match> matches = RandomMatches(20, 4);
  const auto projected = [](const Pair& p, const Match& match) {
    const PairGeometry geometry = p.Geometry();
    const double depth = (match.source.core + p.depth()[0]) * (1 + match.source.omega_m1 * p.depth()[1]);
    const Vec3d in_source =
        (geometry.source_size * depth) * Vec3d{match.source.x / p.focal(), match.source.y / p.focal(), 1};
    const Vec3d point = p.rotation * in_source + p.translation;
    return Vec2d{p.focal() * point[0] / point[2], p.focal() * point[1] / point[2]};
  };
  Mat<double, 8, 8> expected = Mat<double, 8, 8>::Zero();
  for (const Match& match : matches) {
    const Vec2d residual = projected(pair, match) - Vec2d{match.target.x, match.target.y};
    double weight;
    MakeKernel<double>(0.4, 1).CostAndWeight(SquaredNorm(residual), &weight);
    Vec2d column[8];
    for (int c = 0; c < 8; ++c) {
      constexpr double kStep = 1e-6;
      column[c] = (projected(Moved(pair, c, kStep, &Pair::log_focal), match) -
                   projected(Moved(pair, c, -kStep, &Pair::log_focal), match)) /
                  (2 * kStep);
    }
    for (int a = 0; a < 8; ++a) {
      for (int b = 0; b < 8; ++b) expected(a, b) += match.confidence * weight * Dot(column[a], column[b]);
    }
  }
  const auto system = ReprojectSystem(Reproject(pair, matches), pair.translation, 1);
  for (int a = 0; a < 8; ++a) {
    for (int b = 0; b <= a; ++b) {
      const double size = std::sqrt(expected(a, a) * expected(b, b));
      EXPECT_NEAR(system.hessian(a, b), expected(a, b), 1e-7 * size) << a << ", " << b;
    }
  }
}

MatchEnd<float> Narrow(const MatchEnd<double>& end) {
  return {static_cast<float>(end.x),
          static_cast<float>(end.y),
          static_cast<float>(end.core),
          static_cast<float>(end.omega_m1)};
}

PackedMatches Pack(const std::vector<std::vector<Match>>& pairs) {
  MatchPacker packer(0, pairs.size());
  for (const std::vector<Match>& matches : pairs) {
    packer.BeginPair(0, 1);
    for (const Match& match : matches) {
      packer.Add(Narrow(match.source), Narrow(match.target), static_cast<float>(match.confidence));
    }
  }
  return packer.Finish();
}

ProjectionLimits Limits(const Pair& pair) {
  const ProjectionModel<double> model = MakeProjection<double>(pair);
  return {model.min_depth,
          0,
          {model.center[0], model.center[1]},
          {model.low[0], model.low[1]},
          {model.high[0], model.high[1]}};
}

constexpr MatchKernelParameters kAlignKernel{1.1, 0.05}, kReprojectKernel{0.4, 1};

// Float in lanes against double: the sums of some thousand matches keep about 1e-6 of their size.
TEST(MatchKernel, LanesAgreeWithDouble) {
  const Pair pair;
  for (const int count : {1, 7, 8, 700, 3001}) {
    SCOPED_TRACE(count);
    const std::vector<Match> matches = RandomMatches(count, 5);
    const PackedMatches packed = Pack({matches});
    const auto align = SumAlignment(packed, 0, pair.Geometry(), kAlignKernel, true);
    const auto align_expected = Align(pair, matches);
    EXPECT_NEAR(align.cost, align_expected.cost, 2e-6 * align_expected.cost);
    EXPECT_EQ(align.cost, SumAlignment(packed, 0, pair.Geometry(), kAlignKernel, false).cost);
    const auto reproject =
        SumReprojection(packed, 0, true, pair.Geometry(), Limits(pair), kReprojectKernel, true);
    const auto reproject_expected = Reproject(pair, matches);
    EXPECT_NEAR(reproject.cost, reproject_expected.cost, 2e-6 * reproject_expected.cost);
    EXPECT_NEAR(reproject.cost,
                SumReprojection(packed, 0, true, pair.Geometry(), Limits(pair), kReprojectKernel, false).cost,
                1e-6 * reproject.cost);
    const auto system = AlignSystem(align, pair.translation, 1);
    const auto system_expected = AlignSystem(align_expected, pair.translation, 1);
    const auto second = ReprojectSystem(reproject, pair.translation, 1);
    const auto second_expected = ReprojectSystem(reproject_expected, pair.translation, 1);
    for (int a = 0; a < 8; ++a) {
      const double size = std::sqrt(system_expected.hessian(a, a) * 2 * align_expected.cost);
      EXPECT_NEAR(system.gradient[a], system_expected.gradient[a], 1e-5 * size) << a;
      const double second_size = std::sqrt(second_expected.hessian(a, a) * 2 * reproject_expected.cost);
      EXPECT_NEAR(second.gradient[a], second_expected.gradient[a], 1e-5 * second_size) << a;
      for (int b = 0; b <= a; ++b) {
        const auto scale = [a, b](const RelativeSystem<8>& s) {
          return 1e-5 * std::sqrt(s.hessian(a, a) * s.hessian(b, b));
        };
        EXPECT_NEAR(system.hessian(a, b), system_expected.hessian(a, b), scale(system_expected));
        EXPECT_NEAR(second.hessian(a, b), second_expected.hessian(a, b), scale(second_expected));
      }
    }
  }
}

template <size_t N>
void ExpectSame(const double (&a)[N], const double (&b)[N]) {
  for (size_t k = 0; k < N; ++k) EXPECT_EQ(a[k], b[k]) << k;
}

// Matches of confidence 0, wherever they are, and those that fill up registers.
TEST(MatchKernel, NoConfidenceAddsExactlyNothing) {
  const Pair pair;
  std::vector<Match> matches = RandomMatches(512, 6), nothing = RandomMatches(64, 7);
  for (Match& match : nothing) match.confidence = 0;
  nothing[0].source.core = -3;
  nothing[1].source.x = 1e5;
  // A block of its own at the end, so that the others keep their lanes.
  std::vector<Match> both = matches;
  both.insert(both.end(), nothing.begin(), nothing.end());
  const PackedMatches packed = Pack({matches, both, nothing});
  const auto align = [&](int p) { return SumAlignment(packed, p, pair.Geometry(), kAlignKernel, true); };
  const auto reproject = [&](int p) {
    return SumReprojection(packed, p, true, pair.Geometry(), Limits(pair), kReprojectKernel, true);
  };
  ExpectSame(align(0).moment, align(1).moment);
  EXPECT_EQ(align(0).cost, align(1).cost);
  ExpectSame(reproject(0).moment, reproject(1).moment);
  ExpectSame(reproject(0).gradient, reproject(1).gradient);
  EXPECT_EQ(reproject(0).cost, reproject(1).cost);
  for (const double m : align(2).moment) EXPECT_EQ(m, 0);
  for (const double m : reproject(2).moment) EXPECT_EQ(m, 0);
  for (const double g : reproject(2).gradient) EXPECT_EQ(g, 0);
}

// A pair's sums depend on its matches alone: not on where it lies in the arrays, nor on other pairs.
TEST(MatchKernel, SumsOfAPairAreFixed) {
  const Pair pair;
  const std::vector<Match> matches = RandomMatches(1501, 8);
  const PackedMatches alone = Pack({matches}), among = Pack({RandomMatches(13, 9), matches});
  const auto a = SumReprojection(alone, 0, true, pair.Geometry(), Limits(pair), kReprojectKernel, true);
  const auto b = SumReprojection(among, 1, true, pair.Geometry(), Limits(pair), kReprojectKernel, true);
  ExpectSame(a.moment, b.moment);
  ExpectSame(a.gradient, b.gradient);
  EXPECT_EQ(a.cost, b.cost);
  ExpectSame(SumAlignment(alone, 0, pair.Geometry(), kAlignKernel, true).moment,
             SumAlignment(among, 1, pair.Geometry(), kAlignKernel, true).moment);
}

TEST(Lanes, PowersAreAccurate) {
  for (const double exponent : {-0.6, -0.3, 0.0, 0.1, 0.4}) {
    for (float base = 1e-4f; base < 1e6f; base *= 1.01f) {
      const double expected = std::pow(static_cast<double>(base), exponent);
      ASSERT_NEAR(FastPow(base, exponent), expected, 2e-6 * expected) << base << "^" << exponent;
    }
  }
}

TEST(Lanes, LogarithmAndExponentialAreAccurate) {
  for (float x = 1e-6f; x < 1e6f; x *= 1.003f) {
    const double expected = std::log2(static_cast<double>(x));
    ASSERT_NEAR(FastLog2(x), expected, 3e-7 * std::max(1.0, std::abs(expected))) << x;
  }
  for (float x = -100; x < 100; x += 0.037f) {
    const double expected = std::exp2(static_cast<double>(x));
    ASSERT_NEAR(FastExp2(x), expected, 3e-7 * expected) << x;
  }
}

TEST(Lanes, EveryLaneIsTheNumberItHolds) {
  RandomStream random(10, "lanes");
  float x[Float8::kLanes], y[Float8::kLanes], power[Float8::kLanes], root[Float8::kLanes];
  float largest[Float8::kLanes], chosen[Float8::kLanes];
  for (int i = 0; i < Float8::kLanes; ++i) {
    x[i] = static_cast<float>(random.Uniform(0.01, 100));
    y[i] = static_cast<float>(random.Uniform(0.01, 100));
  }
  const Float8 a = Float8::Load(x), b = Float8::Load(y);
  FastPow(a, -0.6).Store(power);
  SquareRoot(a).Store(root);
  Largest(a, b).Store(largest);
  Select((a < b) & (b < Float8(50.0f)), a, Float8(-1.0f)).Store(chosen);
  for (int i = 0; i < Float8::kLanes; ++i) {
    EXPECT_NEAR(power[i], FastPow(x[i], -0.6), 1e-6 * power[i]);
    EXPECT_EQ(root[i], std::sqrt(x[i]));
    EXPECT_EQ(largest[i], std::max(x[i], y[i]));
    EXPECT_EQ(chosen[i], x[i] < y[i] && y[i] < 50 ? x[i] : -1.0f);
  }
}

}  // namespace
}  // namespace foothold
