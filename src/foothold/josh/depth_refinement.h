// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/objective/matches.h"
#include "foothold/objective/variables.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Depth refinement: pointmaps err smoothly over the image by a few per cent, and where several keyframes see
// the same surface their matches tell. Each keyframe gets a field of log depth corrections, bilinear between
// the nodes of a grid.
struct DepthCorrection {
  int nodes_x = 0, nodes_y = 0;
  double spacing_x_px = 1, spacing_y_px = 1;  // Node (0, 0) is pixel (0, 0).
  std::vector<double> log_depth;              // [nodes_y * nodes_x], row by row; empty: no correction.

  double At(double x_px, double y_px) const;
};

struct DepthRefinementOptions {
  double spacing_px = 32;     // About; whole cells fill the image.
  double prior_sigma = 0.02;  // Of each node's correction.
  double bend_sigma = 0.01;   // Of the difference of a node from the mean of its neighbours.
  // Reprojection errors as in match2d.
  double sigma_px = 1, gamma = 0.4, epsilon = 1;
  double effective_matches = 100;
  int iterations = 3;
};

// Corrections of all keyframes at fixed cameras and scales: per keyframe reweighted least squares of the
// reprojections of its points in the other keyframes of its pairs, against the prior.
std::vector<DepthCorrection> RefineDepths(const Variables& variables,
                                          const ParameterView& view,
                                          const Observations& observations,
                                          const std::vector<MatchedPair>& pairs,
                                          const DepthRefinementOptions& options,
                                          int threads);

// Multiplies the depths of keyframes and matches by the corrections.
void ApplyCorrections(const std::vector<DepthCorrection>& corrections,
                      Observations* observations,
                      std::vector<MatchedPair>* pairs);

}  // namespace foothold
