// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"
#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"
#include "foothold/scene/reconstruction.h"
#include "foothold/solver/summary.h"

namespace foothold {

// Weights and limits of the joint optimisation (JOSH, docs/josh.md).
struct JoshOptions {
  double match_weight = 1;
  double contact_scale_weight = 1;   // 0 switches the term off (ablation).
  double contact_static_weight = 1;
  double prior_weight = 1;
  double smooth_weight = 0.1;
  bool optimize_focal = true;
  bool optimize_bodies = true;
  int max_iterations = 30;           // Per stage.
  double min_point_confidence = 0.1;
  static const OptionTable& Table();
};

struct JoshResult {
  Reconstruction reconstruction;
  SolverSummary summary;
};

// Stage 1 aligns the keyframe pointmaps in 3D, stage 2 refines on reprojection; both with contact,
// prior and smoothness terms. Always returns a finite reconstruction: a non-finite step is rejected
// and counted. Pure: no files, no MPI; `threads` does not change a byte.
JoshResult OptimizeJointly(const Observations& observations,
                           const BodyModel& body,
                           const JoshOptions& options,
                           int threads);

}  // namespace foothold
