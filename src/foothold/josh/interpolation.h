// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/transform.h"
#include "foothold/scene/body.h"

namespace foothold {

// From keyframes to all frames. `key_times` ascend strictly; outside their span the nearest value
// holds. Times are frame numbers.

// The two keys around a time and the share of the second.
struct KeyBracket {
  size_t before = 0, after = 0;
  double u = 0;  // In [0, 1].
};
KeyBracket FindBracket(const std::vector<int>& key_times, double time);

// Translation linear, rotation SLERP along the shorter arc.
std::vector<Rigid3d> InterpolatePoses(const std::vector<int>& key_times,
                                      const std::vector<Rigid3d>& poses,
                                      const std::vector<int>& times);
std::vector<Quatd> InterpolateRotations(const std::vector<int>& key_times,
                                        const std::vector<Quatd>& rotations,
                                        const std::vector<int>& times);
// Root, translation and joints of a body.
std::vector<BodyPose> InterpolateBodies(const std::vector<int>& key_times,
                                        const std::vector<BodyPose>& bodies,
                                        const std::vector<int>& times);

// Interpolated *corrections*: keeps the detail that `initial` has between keyframes instead of
// replacing it. At keyframes the correction of a rotation is dR = R_optimised R_initial^T, of a
// translation the difference; between them dR follows SLERP and the difference is linear; the result
// is dR(t) R_initial(t) and initial(t) + difference(t). `initial` has one body per entry of `times`;
// every key time must be among `times`. Root and joints alike.
std::vector<BodyPose> InterpolateCorrections(const std::vector<int>& key_times,
                                             const std::vector<BodyPose>& optimised_at_keys,
                                             const std::vector<int>& times,
                                             const std::vector<BodyPose>& initial);

// Nearest rotation in the Frobenius norm (no reflection), for a matrix that is only nearly one.
Quatd NearestRotation(const Mat3d& matrix);

}  // namespace foothold
