// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/scene/body.h"
#include "foothold/scene/reconstruction.h"

namespace foothold {

// How far a reconstruction is from the truth of a synthetic clip; people are matched by id and frame.
struct SyntheticScores {
  double w_mpjpe_mm = 0;
  double scale_error = 0;  // |s - 1| of the similarity between the camera trajectories.
  double ate_m = 0;        // Mean over frames, rigid alignment.
  double foot_sliding_mm = 0;
  double mpjpe_mm = 0;
  double focal_error = 0;  // Relative.
  // Mean distance of pelvises in the world, where the cameras (centres and axes of 1 m) are aligned rigidly.
  double world_translation_m = 0;
};
SyntheticScores ScoreReconstruction(const Reconstruction& reconstruction,
                                    const Reconstruction& truth,
                                    const BodyModel& body);

}  // namespace foothold
