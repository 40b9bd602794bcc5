// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_score.h"

#include <algorithm>
#include <cmath>

namespace foothold {

LabelScore ScoreOf(const Quality& quality) {
  LabelScore score;
  score.known = quality.known;
  if (!quality.known) return score;
  double matches = 0, inliers = 0;
  for (const KeyframeQuality& keyframe : quality.keyframes) {
    matches += keyframe.num_matches;
    inliers += double(keyframe.num_matches) * keyframe.match_inlier_share;
  }
  score.match_inlier_share = matches > 0 ? inliers / matches : 0;
  std::vector<double> errors;
  for (const PersonQuality& person : quality.people) {
    for (const float contact_log : person.contact_log) {
      if (std::isfinite(contact_log)) errors.push_back(std::abs(double(contact_log)));
    }
  }
  score.contact_error = 1;
  if (!errors.empty()) {
    const auto middle = errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2);
    std::nth_element(errors.begin(), middle, errors.end());
    score.contact_error = *middle;
  }
  score.score = score.match_inlier_share * std::exp(-10 * score.contact_error);
  return score;
}

}  // namespace foothold
