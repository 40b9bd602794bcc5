// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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
  std::vector<float> x, y, core, omega_m1;  // As MatchEnd.
};
struct PackedMatches {
  std::vector<PackedPair> pairs;
  PackedEnds first, second;  // In keyframe i, in keyframe j.
  std::vector<float> confidence;
  double total_confidence = 0;
};
constexpr int kMatchLanes = 8;

struct MatchKernelParameters {
  double gamma = 1.1, epsilon = 1e-4;
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
  double min_depth = 1e-3;
  Vec2d center_px, low_px, high_px;
};

// Sums over the matches of a pair: eight at a time in float, gathered in double. The order is fixed.
// Without derivatives only `cost` counts. The source of SumAlignment is keyframe i.
AlignSums<double> SumAlignment(const PackedMatches& matches,
                               int pair,
                               const PairGeometry& geometry,
                               const MatchKernelParameters& kernel,
                               bool derivatives);
ReprojectSums<double> SumReprojection(const PackedMatches& matches,
                                      int pair,
                                      bool source_first,
                                      const PairGeometry& geometry,
                                      const ProjectionLimits& limits,
                                      const MatchKernelParameters& kernel,
                                      bool derivatives);

}  // namespace foothold
