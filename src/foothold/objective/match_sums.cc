// SPDX-License-Identifier: Apache-2.0
// Compiled with fused multiply-adds (see CMakeLists.txt): nothing here is inlined elsewhere, so the
// results of one build stay the same.
#include "foothold/objective/match_sums.h"

#include <algorithm>
#include <cmath>

#include "foothold/geometry/robust_kernel.h"

namespace foothold {
namespace {

static_assert(kMatchLanes == Float8::kLanes);

// Matches whose sums are taken in float before they are added in double: few enough to keep 1e-6.
constexpr int64_t kFloatRun = 512;

Vec<Float8, 3> Broadcast(const Vec3d& v) {
  return {static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[2])};
}

SmoothKernel<Float8> MakeKernel(const MatchKernelParameters& parameters) {
  const auto exact = RobustKernel<double>::FromGamma(parameters.gamma);
  return MakeSmoothKernel<Float8>(parameters.gamma, exact.offset, parameters.epsilon);
}

MatchEnd<Float8> LoadEnd(const PackedEnds& ends, int64_t m) {
  return {Float8::Load(&ends.x[m]),
          Float8::Load(&ends.y[m]),
          Float8::Load(&ends.core[m]),
          Float8::Load(&ends.omega_m1[m])};
}

double SumOfLanes(const Float8& x) {
  float lanes[Float8::kLanes];
  x.Store(lanes);
  double sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

void Gather(const AlignSums<Float8>& from, AlignSums<double>* to) {
  for (int k = 0; k < kNumMoments; ++k) to->moment[k] += SumOfLanes(from.moment[k]);
  to->cost += SumOfLanes(from.cost);
}

void Gather(const ReprojectSums<Float8>& from, ReprojectSums<double>* to) {
  for (size_t k = 0; k < std::size(from.hessian); ++k) to->hessian[k] += SumOfLanes(from.hessian[k]);
  for (int k = 0; k < kNumReproject; ++k) to->gradient[k] += SumOfLanes(from.gradient[k]);
  to->cost += SumOfLanes(from.cost);
}

// Runs add(m, &sums) for every register of a pair; gathers every kFloatRun matches.
template <template <class> class Sums, class Add>
Sums<double> SumPair(const PackedPair& pair, bool derivatives, const Add& add) {
  Sums<double> total;
  total.SetZero();
  for (int64_t run = pair.begin; run < pair.end; run += kFloatRun) {
    const int64_t end = std::min(pair.end, run + kFloatRun);
    Sums<Float8> sums;
    sums.SetZero();
    for (int64_t m = run; m < end; m += kMatchLanes) add(m, &sums);
    if (derivatives) {
      Gather(sums, &total);
    } else {
      total.cost += SumOfLanes(sums.cost);
    }
  }
  return total;
}

}  // namespace

AlignSums<double> SumAlignment(const PackedMatches& matches,
                               int pair,
                               const PairGeometry& geometry,
                               const MatchKernelParameters& parameters,
                               bool derivatives) {
  const auto source_model =
      MakePointModel<Float8>(geometry.rotation, geometry.source_size, geometry.focal_px, geometry.source_depth);
  const auto target_model =
      MakePointModel<Float8>(Mat3d::Identity(), geometry.target_size, geometry.focal_px, geometry.target_depth);
  const Vec<Float8, 3> translation = Broadcast(geometry.translation_m);
  const SmoothKernel<Float8> kernel = MakeKernel(parameters);
  const auto add = [&]<bool kDerivatives>(int64_t m, AlignSums<Float8>* sums) {
    AddAlignment<kDerivatives>(source_model,
                               target_model,
                               translation,
                               kernel,
                               LoadEnd(matches.first, m),
                               LoadEnd(matches.second, m),
                               Float8::Load(&matches.confidence[m]),
                               sums);
  };
  const PackedPair& range = matches.pairs[pair];
  if (derivatives) {
    return SumPair<AlignSums>(range, true, [&](int64_t m, auto* sums) { add.template operator()<true>(m, sums); });
  }
  return SumPair<AlignSums>(range, false, [&](int64_t m, auto* sums) { add.template operator()<false>(m, sums); });
}

ReprojectSums<double> SumReprojection(const PackedMatches& matches,
                                      int pair,
                                      bool source_first,
                                      const PairGeometry& geometry,
                                      const ProjectionLimits& limits,
                                      const MatchKernelParameters& parameters,
                                      bool derivatives) {
  const PackedEnds& source = source_first ? matches.first : matches.second;
  const PackedEnds& target = source_first ? matches.second : matches.first;
  const auto model =
      MakePointModel<Float8>(geometry.rotation, geometry.source_size, geometry.focal_px, geometry.source_depth);
  const SmoothKernel<Float8> kernel = MakeKernel(parameters);
  ProjectionModel<Float8> projection;
  projection.translation = Broadcast(geometry.translation_m);
  projection.focal = static_cast<float>(geometry.focal_px);
  projection.min_depth = static_cast<float>(limits.min_depth);
  for (int a = 0; a < 2; ++a) {
    projection.center[a] = static_cast<float>(limits.center_px[a]);
    projection.low[a] = static_cast<float>(limits.low_px[a]);
    projection.high[a] = static_cast<float>(limits.high_px[a]);
  }
  const auto add = [&]<bool kDerivatives>(int64_t m, ReprojectSums<Float8>* sums) {
    AddReprojection<kDerivatives>(model,
                                  projection,
                                  kernel,
                                  LoadEnd(source, m),
                                  Float8::Load(&target.x[m]),
                                  Float8::Load(&target.y[m]),
                                  Float8::Load(&matches.confidence[m]),
                                  sums);
  };
  const PackedPair& range = matches.pairs[pair];
  if (derivatives) {
    return SumPair<ReprojectSums>(range, true, [&](int64_t m, auto* sums) { add.template operator()<true>(m, sums); });
  }
  return SumPair<ReprojectSums>(range, false, [&](int64_t m, auto* sums) { add.template operator()<false>(m, sums); });
}

}  // namespace foothold
