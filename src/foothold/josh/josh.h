// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/journal.h"
#include "foothold/base/options.h"
#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"
#include "foothold/scene/quality.h"
#include "foothold/scene/reconstruction.h"
#include "foothold/solver/summary.h"

namespace foothold {

// Weights and limits of the joint optimisation (JOSH, docs/josh.md). Terms are negative log
// likelihoods, so 1 is every weight's natural value.
struct JoshOptions {
  std::string mode = "calibrated";  // calibrated, or released: the objective of JOSH as published.
  std::string device = "cpu";       // cpu, or cuda: in mode released (josh/released_batch.h).
  double match_weight = 1;
  double contact_scale_weight = 1;  // 0 switches the term off (ablation).
  double contact_static_weight = 1;
  double prior_weight = 1;
  double box_weight = 1;
  double smooth_weight = 1;
  bool optimize_focal = true;
  bool optimize_bodies = true;
  bool optimize_all_joints = false;  // Else hips, knees and ankles.
  bool refine_depth = true;          // Whether depths take smooth corrections from matches.
  bool steady_poses = true;          // Take perception's slow errors out of the rotations first.
  int max_iterations = 30;           // Per stage.
  double min_point_confidence = 0.1;
  // Where matches lie, of long clips; no byte depends on it (base/spill_resource.h).
  int match_memory_mb = 4096;
  std::string spill_dir;
  static const OptionTable& Table();
};

struct JoshResult {
  Reconstruction reconstruction;
  SolverSummary summary;
  Quality quality;  // Of calibrated mode.
};

// Stage 1 aligns the keyframe pointmaps in 3D, stage 2 refines on reprojection, both with the contacts
// that set the scale; stage 3 adds planted feet and smoothness with the scale fixed. Always returns a finite
// reconstruction: a non-finite step is rejected and counted. Pure: no files, no MPI; `threads` does not
// change a byte. Flags of the result, beside those of the observations: scale_unobserved (no usable contact:
// the scale is perception's), graph_disconnected (matches do not connect all keyframes: what they leave open
// follows perception), no_people. Flags of a person: no_keyframe (seen at no keyframe, hence not optimised),
// no_contacts. `journal` (may be null; calibrated mode) keeps the parameters of stages and, while one runs,
// of its iterations. Throws Error(kUsage) for device cuda in another mode than released, Error(kDevice) when
// the GPU is missing or fails, Error(kStorage) when spill_dir has no room for matches beyond match_memory_mb.
JoshResult OptimizeJointly(const Observations& observations,
                           const BodyModel& body,
                           const JoshOptions& options,
                           int threads,
                           Journal* journal = nullptr);

// The observations as they are, in the form of a result: cameras and bodies unchanged, depth scales 1,
// no scene points. What optimisation is measured against.
Reconstruction InitialReconstruction(const Observations& observations, const BodyModel& body);

}  // namespace foothold
