// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace foothold {

// Quantile by linear interpolation between order statistics; q in [0, 1]. NaN when empty.
inline double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const double position = q * static_cast<double>(values.size() - 1);
  const size_t low = static_cast<size_t>(position);
  const size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (position - static_cast<double>(low)) * (values[high] - values[low]);
}

inline double Median(const std::vector<double>& values) { return Quantile(values, 0.5); }

// Standard deviation estimated from the median absolute deviation (normal data).
inline double RobustSpread(const std::vector<double>& values) {
  const double center = Median(values);
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (double value : values) deviations.push_back(std::abs(value - center));
  return 1.4826 * Median(deviations);
}

}  // namespace foothold
