// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception/classical/track_senses.h"

namespace foothold {

// Where along a track the clothes change: the person is another one behind.
struct AppearanceChange {
  int sample = 0;    // First sample behind the change.
  double score = 0;  // Difference of the medians of 15 samples on both sides, over their spread.
};

// The largest change; score 0 when there are fewer than 20 samples.
AppearanceChange LargestChange(const std::vector<ClothesBands>& samples);

// Samples that start a new identity, ascending: splits at the largest change above `threshold`, then
// looks at both sides.
std::vector<int> IdentityCuts(const std::vector<ClothesBands>& samples, double threshold);

}  // namespace foothold
