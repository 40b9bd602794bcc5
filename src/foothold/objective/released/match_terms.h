// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/objective/released/objective.h"

namespace foothold {

// Derivatives by absolute cameras, and by sizes and focal length where these do not act through camera
// centres.
struct CameraGradient {
  explicit CameraGradient(int num_keyframes)
      : rotation(num_keyframes, Mat3d::Zero()),
        center_m(num_keyframes, Vec3d::Zero()),
        log_size(num_keyframes, 0.0) {}

  std::vector<Mat3d> rotation;
  std::vector<Vec3d> center_m;
  std::vector<double> log_size;
  double log_focal = 0;
};

// Depth of an anchor, metres: D = g s m (kappa + f / b - 1), with its derivatives.
struct AnchorDepth {
  double depth_m;
  double by_log_focal;
  double by_kappa;
};
AnchorDepth ComputeAnchorDepth(const JointProblem& problem,
                               const ReleasedCameras& cameras,
                               int keyframe,
                               int anchor);

// Adds the match term of the stage to `losses`, and its weighted derivatives to `by_camera` and
// gradient->by_kappa when `gradient` is given.
void AddMatchTerm(const JointProblem& problem,
                  const ReleasedCameras& cameras,
                  ReleasedStage stage,
                  const ReleasedWeights& weights,
                  int threads,
                  ReleasedGradient* gradient,
                  CameraGradient* by_camera,
                  ReleasedLosses* losses);

}  // namespace foothold
