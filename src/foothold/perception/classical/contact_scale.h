// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace foothold {

// How well the metric depth of people (from the height of their boxes) and the depth of the ground
// under their feet agree on one scale: the check on focal length, ground and boxes at once.
struct PersonScale {
  int person = 0;              // Index into the tracks.
  std::vector<double> time_s;  // Keyframes.
  std::vector<double> ratios;  // Body depth in metres over ground depth in world units.
  double median = 0;
  double spread = 0;                    // Robust, relative.
  double trend = 0;                     // Change of ln(ratio) from the first to the last keyframe, by a line.
  bool steady_enough_to_judge = false;  // At least six keyframes.
};

struct ContactScale {
  std::vector<PersonScale> people;  // Those seen in at least one keyframe with ground below.
  double scale = 0;                 // Median of all ratios; 0 when there is none.
  double spread = 0;                // Robust, relative, of all ratios.
  double person_spread = 0;         // Standard deviation of the people's medians, relative.
  double trend = 0;                 // Mean over people that can be judged.
};

// Fills medians, spreads and trends from times and ratios.
ContactScale SummarizeScales(std::vector<PersonScale> people);

}  // namespace foothold
