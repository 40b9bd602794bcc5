// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/josh/chunk_and_chain.h"
#include "foothold/scene/reconstruction.h"

namespace foothold {

// How well one world holds over a long clip. Camera errors are vectors after one rigid alignment of the
// whole path (as in ATE). The scale of a window is that of the similarity from the true centres of its
// frames to the found ones, so it needs no alignment.
struct LongVideoScores {
  double ate_m = 0;          // Mean.
  double scale = 1;          // Of the whole path.
  double scale_drift = 0;    // |scale of the last window / that of the first - 1|.
  double largest_scale = 1;  // Over windows side by side.
  double smallest_scale = 1;
  double camera_at_seams_m = 0;   // Largest change of the camera's error from a frame to the next, at seams
  double camera_elsewhere_m = 0;  // and at all other frames.
  double pelvis_at_seams_m = 0;   // The same of the people's pelvises (mean of the hips).
  double pelvis_elsewhere_m = 0;
  double w_mpjpe_mm = 0;
};
// Seams: every `seam_interval` frames; the change into and out of the shared frame counts.
LongVideoScores ScoreLongVideo(const std::vector<Rigid3d>& world_from_cam,
                               const std::vector<ChainedPerson>& people,
                               const Reconstruction& truth,
                               int window_frames,
                               int seam_interval);

std::vector<ChainedPerson> JointsOf(const Reconstruction& reconstruction);

}  // namespace foothold
