// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace foothold {

// How well a reconstruction fits what was observed: numbers that a user can filter labels by. Computed from
// residuals, never from truth.
struct KeyframeQuality {
  int num_matches = 0;           // With other keyframes, as far as they were used.
  float match_inlier_share = 0;  // Of their confidence, with less than 2 px of reprojection error.
  float match_median_px = 0;     // Median reprojection error; 0 without matches.
};

// Feet of one person against the surfaces under them, at keyframes with contact.
struct PersonQuality {
  std::vector<int> keyframe;       // Ascending.
  std::vector<float> contact_log;  // Median log of foot depth over surface depth: 0 fits, 0.05 is 5 % behind.
  float contact_spread = 0;        // Robust standard deviation of contact_log (1.4826 median deviation).
  float contact_trend = 0;         // Change of contact_log from the first to the last keyframe, line fit.
  float student_distance_m = 0;    // Mean distance of the pelvis from the prediction (StudentAgreement).
};

// How a student's prediction, from which the optimisation began, compares with its result.
struct StudentAgreement {
  bool known = false;   // False: the optimisation did not begin there.
  double turn_rad = 0;  // Median difference of the camera's turns from one keyframe to the next.
  double scale = 1;     // Size of the result over that of the prediction.
};

struct Quality {
  bool known = false;                      // False: not measured; then everything else is empty.
  std::vector<KeyframeQuality> keyframes;  // One per keyframe.
  std::vector<PersonQuality> people;       // One per person of the reconstruction.
  StudentAgreement student;
  double focal_sigma = 0;       // Relative standard deviation of the focal length given everything.
  double focal_from_prior = 0;  // Share of its information that is the prior's: 1, the picture says nothing.
  double condition = 0;         // Lower bound of the condition number of the scaled normal equations.
};

}  // namespace foothold
