// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "foothold/scene/body.h"

namespace foothold {

// Smooth (C1) interpolation of anything linear between keys: cubic Hermite with three-point slopes,
// the parabola's at the ends. Outside the keys the nearest value holds. Keys further apart than
// `max_gap` begin a new run that shares nothing with the one before, except that times in the gap are
// interpolated linearly.
struct KeyWeights {
  std::array<int, 4> key;  // Indices; entries may repeat.
  std::array<double, 4> weight;
};
KeyWeights CubicWeights(const std::vector<int>& key_times, double time, double max_gap);

// Bodies at all `times` in the camera from optimised bodies at keyframes, keeping the detail that
// `initial` has between keyframes. What is interpolated is the correction: of the pelvis, the log of
// its depth ratio and its shift across the ray; of rotations, the vector of R_optimised R_initial^T.
// Smooth corrections matter: an error of perception that is smooth in time would come back as a jerk
// at every keyframe if corrections were linear in between (InterpolateCorrections), and feet would
// slide with it.
struct CorrectionInput {
  std::vector<int> key_times;               // Ascending; each among `times`.
  std::vector<BodyPose> optimised_at_keys;  // Posed with optimised_pelvis_m.
  std::vector<int> times;                   // Ascending.
  std::vector<BodyPose> initial;            // One per entry of times, posed with initial_pelvis_m.
  Vec3d initial_pelvis_m{0, 0, 0};          // Rest pelvis of the initial shape.
  Vec3d optimised_pelvis_m{0, 0, 0};
  double max_gap = 20;
};
std::vector<BodyPose> CorrectBodies(const CorrectionInput& input);

}  // namespace foothold
