// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "foothold/objective/match_kernel.h"

namespace foothold {

// Matches of all pairs of keyframes as arrays of floats, one per field; a pair's part is padded with
// matches of confidence 0 to whole registers.
struct PackedPair {
  int i = 0, j = 0;
  int64_t begin = 0, end = 0;  // Into the arrays; a multiple of kMatchLanes apart.
};
struct PackedEnds {
  explicit PackedEnds(std::pmr::memory_resource* memory)
      : x(memory), y(memory), core(memory), omega_m1(memory) {}
  std::pmr::vector<float> x, y, core, omega_m1;  // As MatchEnd.
};
struct PackedMatches {
  explicit PackedMatches(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : first(memory), second(memory), confidence(memory), second_confidence(memory) {}
  std::vector<PackedPair> pairs;
  PackedEnds first, second;            // In keyframe i, in keyframe j.
  std::pmr::vector<float> confidence;  // Of matches whose first end is the source.
  // Of matches whose second end is the source; empty: the same.
  std::pmr::vector<float> second_confidence;
};
constexpr int kMatchLanes = 8;

// Fills PackedMatches pair by pair.
class MatchPacker {
 public:
  // The numbers are to reserve memory, and may be wrong; `memory` outlives the packed matches.
  MatchPacker(size_t num_matches,
              size_t num_pairs,
              std::pmr::memory_resource* memory = std::pmr::get_default_resource());
  void BeginPair(int i, int j);
  void Add(const MatchEnd<float>& first, const MatchEnd<float>& second, float confidence);
  void Add(const MatchEnd<float>& first,
           const MatchEnd<float>& second,
           float confidence,
           float second_confidence);
  PackedMatches Finish();

 private:
  void EndPair();

  PackedMatches packed_;
};

// rho_gamma of distances in units of sigma, its cusp rounded off by epsilon (also in sigmas); constant
// beyond `limit`, which has the unit of sigma.
struct MatchKernelParameters {
  double gamma = 1.1, epsilon = 1e-4, sigma = 1, limit = 1e15;
};

// What the sums of a pair depend on beside its matches.
struct PairGeometry {
  Mat<double, 3, 3> rotation;  // target_from_source
  Vec3d translation_m;
  double source_size = 1, target_size = 1;
  double focal_px = 1;
  // shift, stretch, zoom of match_kernel.h.
  Vec3d source_depth, target_depth;
};

// Limits of projected pixels, minus the principal point.
struct ProjectionLimits {
  double min_depth = 1e-3;     // In the target.
  double min_depth_ratio = 0;  // The same over the scaled depth in the source; both add up.
  Vec2d center_px, low_px, high_px;
};

// Sums over the matches of a pair: eight at a time in float, gathered in double. The order is fixed.
// Without derivatives only `cost` counts. The source of SumAlignment is keyframe i.
AlignSums<double> SumAlignment(const PackedMatches& matches,
                               int pair,
                               const PairGeometry& geometry,
                               const MatchKernelParameters& kernel,
                               bool derivatives);
// The source of SumRelativeAlignment is keyframe j.
enum class AlignResidual { kRelative, kDistanceRatio };  // AddRelativeAlignment, AddDistanceRatio.
RelativeAlignSums<double> SumRelativeAlignment(const PackedMatches& matches,
                                               int pair,
                                               const PairGeometry& geometry,
                                               const MatchKernelParameters& kernel,
                                               AlignResidual residual,
                                               bool derivatives);
ReprojectSums<double> SumReprojection(const PackedMatches& matches,
                                      int pair,
                                      bool source_first,
                                      const PairGeometry& geometry,
                                      const ProjectionLimits& limits,
                                      const MatchKernelParameters& kernel,
                                      bool derivatives);

}  // namespace foothold
