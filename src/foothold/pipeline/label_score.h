// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/scene/quality.h"

namespace foothold {

// A label's quality group in three numbers.
struct LabelScore {
  bool known = false;
  double match_inlier_share = 0;  // Of matches within 2 px, over all keyframes; 0 without matches.
  double contact_error = 0;       // Median |log of foot depth over surface depth|; 1 when no foot was seen.
  double score = 0;               // 0 to 1, for ranking only: share * exp(-10 error).
};
LabelScore ScoreOf(const Quality& quality);

}  // namespace foothold
