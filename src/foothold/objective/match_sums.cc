// SPDX-License-Identifier: Apache-2.0
// Compiled with fused multiply-adds (see CMakeLists.txt): nothing here is inlined elsewhere, so the
// results of one build stay the same.
#include "foothold/objective/match_sums.h"

#include <algorithm>
#include <cmath>
#include <utility>

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
  return MakeSmoothKernel<Float8>(
      parameters.gamma, exact.offset, parameters.epsilon, parameters.sigma, parameters.limit);
}

// The body of both sums over pairs of points in the target's camera.
struct AlignModels {
  explicit AlignModels(const PairGeometry& geometry)
      : source(MakePointModel<Float8>(
            geometry.rotation, geometry.source_size, geometry.focal_px, geometry.source_depth)),
        target(MakePointModel<Float8>(
            Mat3d::Identity(), geometry.target_size, geometry.focal_px, geometry.target_depth)),
        translation(Broadcast(geometry.translation_m)) {}
  PointModel<Float8> source, target;
  Vec<Float8, 3> translation;
};

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

template <size_t N>
void Gather(const Float8 (&from)[N], double (&to)[N]) {
  for (size_t k = 0; k < N; ++k) to[k] += SumOfLanes(from[k]);
}
void GatherDerivatives(const AlignSums<Float8>& from, AlignSums<double>* to) {
  Gather(from.moment, to->moment);
}
void GatherDerivatives(const RelativeAlignSums<Float8>& from, RelativeAlignSums<double>* to) {
  Gather(from.hessian, to->hessian);
  Gather(from.gradient, to->gradient);
}
void GatherDerivatives(const ReprojectSums<Float8>& from, ReprojectSums<double>* to) {
  Gather(from.moment, to->moment);
  Gather(from.gradient, to->gradient);
}

// Registers of matches that take each step together.
constexpr int kBlock = 16;

// In loops of their own, so that the sums of each stay in registers.
void AddBlock(const AlignTerms<Float8>* terms, int count, AlignSums<Float8>* sums) {
  for (int k = 0; k < count; ++k) AddAlignMoments<0, 3>(terms[k], sums->moment);
  for (int k = 0; k < count; ++k) AddAlignMoments<4, 5>(terms[k], sums->moment);
  for (int k = 0; k < count; ++k) AddAlignMoments<6, 6>(terms[k], sums->moment);
}
void AddBlock(const ReprojectTerms<Float8>* terms, int count, ReprojectSums<Float8>* sums) {
  for (int k = 0; k < count; ++k) AddTurnMoments(terms[k], sums->moment);
  for (int k = 0; k < count; ++k) AddTranslationMoments(terms[k], sums->moment);
  for (int k = 0; k < count; ++k) AddFocalMoments(terms[k], sums->moment);
  for (int k = 0; k < count; ++k) AddReprojectGradient(terms[k], sums->gradient);
}

// Sums a pair; compute<derivatives>(m, &terms) takes the first step of a register of matches. Gathers
// every kFloatRun matches.
template <class Terms, template <class> class Sums, bool kDerivatives, class Compute>
[[gnu::flatten]] Sums<double> SumBlocks(const PackedPair& pair,
                                        const float* confidence,
                                        const SmoothKernel<Float8>& kernel,
                                        const Compute& compute) {
  Sums<double> total;
  total.SetZero();
  for (int64_t run = pair.begin; run < pair.end; run += kFloatRun) {
    const int64_t end = std::min(pair.end, run + kFloatRun);
    Sums<Float8> sums;
    sums.SetZero();
    Float8 cost = 0.0f;
    for (int64_t m = run; m < end; m += kBlock * kMatchLanes) {
      const int count = static_cast<int>(std::min<int64_t>(kBlock, (end - m) / kMatchLanes));
      Terms terms[kBlock];
      for (int k = 0; k < count; ++k) {
        compute.template operator()<kDerivatives>(m + k * kMatchLanes, &terms[k]);
      }
      for (int k = 0; k < count; ++k) terms[k].kernel = kernel.Begin(terms[k].squared_error);
      for (int k = 0; k < count; ++k) {
        cost = cost + Weigh(kernel, Float8::Load(confidence + m + k * kMatchLanes), &terms[k]);
      }
      if (kDerivatives) AddBlock(terms, count, &sums);
    }
    if (kDerivatives) GatherDerivatives(sums, &total);
    total.cost += SumOfLanes(cost);
  }
  return total;
}
template <class Terms, template <class> class Sums, class Compute>
Sums<double> SumPair(const PackedPair& pair,
                     const float* confidence,
                     const SmoothKernel<Float8>& kernel,
                     bool derivatives,
                     const Compute& compute) {
  return derivatives ? SumBlocks<Terms, Sums, true>(pair, confidence, kernel, compute)
                     : SumBlocks<Terms, Sums, false>(pair, confidence, kernel, compute);
}

// The same for matches that are added as they come: add<derivatives>(m, &sums).
template <template <class> class Sums, bool kDerivatives, class Add>
Sums<double> SumRuns(const PackedPair& pair, const Add& add) {
  Sums<double> total;
  total.SetZero();
  for (int64_t run = pair.begin; run < pair.end; run += kFloatRun) {
    const int64_t end = std::min(pair.end, run + kFloatRun);
    Sums<Float8> sums;
    sums.SetZero();
    for (int64_t m = run; m < end; m += kMatchLanes) add.template operator()<kDerivatives>(m, &sums);
    if (kDerivatives) GatherDerivatives(sums, &total);
    total.cost += SumOfLanes(sums.cost);
  }
  return total;
}

template <template <class> class Sums, class Add>
Sums<double> AddPair(const PackedPair& pair, bool derivatives, const Add& add) {
  return derivatives ? SumRuns<Sums, true>(pair, add) : SumRuns<Sums, false>(pair, add);
}

void Append(const MatchEnd<float>& end, PackedEnds* ends) {
  ends->x.push_back(end.x);
  ends->y.push_back(end.y);
  ends->core.push_back(end.core);
  ends->omega_m1.push_back(end.omega_m1);
}

void Reserve(size_t count, PackedEnds* ends) {
  for (std::pmr::vector<float>* field : {&ends->x, &ends->y, &ends->core, &ends->omega_m1})
    field->reserve(count);
}

}  // namespace

MatchPacker::MatchPacker(size_t num_matches, size_t num_pairs, std::pmr::memory_resource* memory)
    : packed_(memory) {
  const size_t most = num_matches + (kMatchLanes - 1) * num_pairs;
  Reserve(most, &packed_.first);
  Reserve(most, &packed_.second);
  packed_.confidence.reserve(most);
  packed_.pairs.reserve(num_pairs);
}

void MatchPacker::EndPair() {
  if (packed_.pairs.empty()) return;
  // Any point will do that is in front of the camera.
  const MatchEnd<float> nothing{0, 0, 1, 0};
  while (packed_.confidence.size() % kMatchLanes != 0) {
    if (packed_.second_confidence.empty()) {
      Add(nothing, nothing, 0);
    } else {
      Add(nothing, nothing, 0, 0);
    }
  }
  packed_.pairs.back().end = static_cast<int64_t>(packed_.confidence.size());
}

void MatchPacker::BeginPair(int i, int j) {
  EndPair();
  const auto begin = static_cast<int64_t>(packed_.confidence.size());
  packed_.pairs.push_back({i, j, begin, begin});
}

void MatchPacker::Add(const MatchEnd<float>& first, const MatchEnd<float>& second, float confidence) {
  Append(first, &packed_.first);
  Append(second, &packed_.second);
  packed_.confidence.push_back(confidence);
}

void MatchPacker::Add(const MatchEnd<float>& first,
                      const MatchEnd<float>& second,
                      float confidence,
                      float second_confidence) {
  Add(first, second, confidence);
  packed_.second_confidence.push_back(second_confidence);
}

PackedMatches MatchPacker::Finish() {
  EndPair();
  return std::move(packed_);
}

AlignSums<double> SumAlignment(const PackedMatches& matches,
                               int pair,
                               const PairGeometry& geometry,
                               const MatchKernelParameters& parameters,
                               bool derivatives) {
  const AlignModels models(geometry);
  const SmoothKernel<Float8> kernel = MakeKernel(parameters);
  const auto compute = [&]<bool kDerivatives>(int64_t m, AlignTerms<Float8>* terms) {
    ComputeAlignment(models.source,
                     models.target,
                     models.translation,
                     LoadEnd(matches.first, m),
                     LoadEnd(matches.second, m),
                     terms);
  };
  return SumPair<AlignTerms<Float8>, AlignSums>(
      matches.pairs[pair], matches.confidence.data(), kernel, derivatives, compute);
}

RelativeAlignSums<double> SumRelativeAlignment(const PackedMatches& matches,
                                               int pair,
                                               const PairGeometry& geometry,
                                               const MatchKernelParameters& parameters,
                                               AlignResidual residual,
                                               bool derivatives) {
  const AlignModels models(geometry);
  const SmoothKernel<Float8> kernel = MakeKernel(parameters);
  const auto sum = [&](const auto& add_match) {
    const auto add = [&]<bool kDerivatives>(int64_t m, RelativeAlignSums<Float8>* sums) {
      const MatchEnd<Float8> source = LoadEnd(matches.second, m), target = LoadEnd(matches.first, m);
      const Float8 confidence = Float8::Load(&matches.confidence[m]);
      add_match.template operator()<kDerivatives>(source, target, confidence, sums);
    };
    return AddPair<RelativeAlignSums>(matches.pairs[pair], derivatives, add);
  };
  if (residual == AlignResidual::kDistanceRatio) {
    return sum(
        [&]<bool kDerivatives>(const auto& source, const auto& target, const auto& weight, auto* sums) {
          AddDistanceRatio<kDerivatives>(
              models.source, models.target, models.translation, kernel, source, target, weight, sums);
        });
  }
  return sum([&]<bool kDerivatives>(const auto& source, const auto& target, const auto& weight, auto* sums) {
    AddRelativeAlignment<kDerivatives>(
        models.source, models.target, models.translation, kernel, source, target, weight, sums);
  });
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
  const bool shared = source_first || matches.second_confidence.empty();
  const float* confidence = (shared ? matches.confidence : matches.second_confidence).data();
  const auto model = MakePointModel<Float8>(
      geometry.rotation, geometry.source_size, geometry.focal_px, geometry.source_depth);
  const SmoothKernel<Float8> kernel = MakeKernel(parameters);
  ProjectionModel<Float8> projection;
  projection.translation = Broadcast(geometry.translation_m);
  projection.focal = static_cast<float>(geometry.focal_px);
  projection.min_depth = static_cast<float>(limits.min_depth);
  projection.min_depth_ratio = static_cast<float>(limits.min_depth_ratio * geometry.source_size);
  for (int a = 0; a < 2; ++a) {
    projection.center[a] = static_cast<float>(limits.center_px[a]);
    projection.low[a] = static_cast<float>(limits.low_px[a]);
    projection.high[a] = static_cast<float>(limits.high_px[a]);
  }
  const auto compute = [&]<bool kDerivatives>(int64_t m, ReprojectTerms<Float8>* terms) {
    ComputeReprojection<kDerivatives>(
        model, projection, LoadEnd(source, m), Float8::Load(&target.x[m]), Float8::Load(&target.y[m]), terms);
  };
  return SumPair<ReprojectTerms<Float8>, ReprojectSums>(
      matches.pairs[pair], confidence, kernel, derivatives, compute);
}

}  // namespace foothold
