// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/geometry/rotation.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Metric scene of a camera that does not translate, from people on one ground plane: where a person's
// feet and head are seen gives pitch, roll and height of the camera (Criminisi's single-view metrology
// with a distribution of statures in place of a ruler).

struct MetrologyOptions {
  double stature_m = 1.70;
  double stature_spread = 0.05;       // Relative standard deviation between people.
  double height_noise = 0.06;         // Of ln(height in the image) of one look.
  double roll_spread_deg = 5;         // Cameras are held level.
  double focal_over_long_edge = 1.1;  // Prior median and ...
  double focal_log_spread = 0.35;     // ... standard deviation of ln f.
  double plane_confidence = 0.3;      // Of the ground plane's pointmap.
  static const OptionTable& Table();
};

// One sight of one person: pixels from the principal point (pinhole, square), y down.
struct Look {
  int person = 0;  // From 0.
  double time_s = 0;
  Vec2d foot_px{0, 0}, head_px{0, 0};
  Quatd ref_from_cam = Quatd::Identity();  // Rotating camera; identity when static.
};

struct MetrologyResult {
  double focal_px = 0;
  Vec3d up_in_ref{0, -1, 0};
  double camera_height_m = 0;
  double pitch_rad = 0, roll_rad = 0;
  std::vector<double> statures_m;  // Per person, fitted.
  double cost = 0;
  double focal_sigma = 0;     // Of ln f, prior included.
  double isotropy_slope = 0;  // d ln speed / d (share of motion along the view), at the result.
  bool used_isotropy = false;
  // Foot on the ground in the reference camera, one per look given.
  std::vector<Vec3d> foot_in_ref_m;
};

// Fits pitch, roll, height and statures; `fixed_focal_px` > 0 holds the focal length. Otherwise the focal
// length is *not observable* from the fit itself (its cost is flat over a factor of two): it follows the
// prior, refined by the isotropy of walking speed (people walk as fast towards the camera as across).
// Throws Error(kBadInput), reason few_points, with fewer than `kMinLooks` looks.
constexpr int kMinLooks = 8;
MetrologyResult FitGroundFromPeople(const std::vector<Look>& looks,
                                    int num_people,
                                    double long_edge_px,
                                    double fixed_focal_px,
                                    const MetrologyOptions& options);

// Camera-frame up direction of a camera pitched down by `pitch` and rolled by `roll`.
Vec3d UpFromPitchRoll(double pitch_rad, double roll_rad);

}  // namespace foothold
