// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"

namespace foothold {

struct BodyOptions {
  double arm_angle_deg = 80;           // Of the hanging arms below the horizontal.
  double smooth_s = 0.3;               // Half window of the depth's smoothing.
  double heading_window_s = 1;         // Half window of the velocity that gives the heading.
  double heading_min_speed_m_s = 0.3;  // Slower: the last heading is kept.
  static const OptionTable& Table();
};

// A standing body of one stature, arms hanging; what every classical initial body is.
struct UprightBody {
  BodyShape shape{};
  BodyPose pose;  // Root at identity: y up, facing +z.
  Vec3d rest_pelvis_m{0, 0, 0};
  Vec3d ground_point_m{0, 0, 0};           // Between the feet, at the height of the lowest sole vertex.
  double stature_m = 0;                    // Lowest to highest vertex.
  std::array<int, 2> lowest_vertex{0, 0};  // Of the left and the right sole.
};

// Shape of least norm that gives the stature in this pose.
UprightBody MakeUprightBody(const BodyModel& model, double stature_m, const BodyOptions& options);

// The body standing at `foot_in_cam`, head along `up_in_cam` (unit), facing `forward_in_cam` (any
// direction not parallel to up).
BodyPose StandAt(const UprightBody& body,
                 const Vec3d& foot_in_cam,
                 const Vec3d& up_in_cam,
                 const Vec3d& forward_in_cam);

// Depth (along z) at which an upright body of `stature_m` spans the rays of its foot and head (z = 1);
// 0 when the rays do not say.
double DepthFromHeight(const Vec3d& foot_ray,
                       const Vec3d& head_ray,
                       const Vec3d& up_in_cam,
                       double stature_m);

// Local linear fit of values over time in a window around each entry, robust to single outliers.
std::vector<double> SmoothOverTime(const std::vector<double>& time_s,
                                   const std::vector<double>& values,
                                   double half_window_s);

// Horizontal facing directions (unit, in the world) of a person that walks where they look.
std::vector<Vec3d> HeadingsFromMotion(const std::vector<double>& time_s,
                                      const std::vector<Vec3d>& foot_in_world_m,
                                      const Vec3d& up_in_world,
                                      const Vec3d& default_heading,
                                      const BodyOptions& options);

// Median horizontal speed over the track, from the same local fits; NaN for tracks shorter than 1.5 half
// windows.
double MedianSpeed(const std::vector<double>& time_s,
                   const std::vector<Vec3d>& foot_in_world_m,
                   const Vec3d& up_in_world,
                   double half_window_s);

// Contact of the lowest vertex of both feet at every keyframe that the person is seen in. They carry
// the scale; `stationary` is false, because an upright body has no stance phase.
std::vector<Contact> SoleContacts(const UprightBody& body,
                                  const std::vector<PersonFrame>& frames,
                                  const std::vector<int>& keyframes);

}  // namespace foothold
