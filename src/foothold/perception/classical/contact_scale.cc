// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/contact_scale.h"

#include <cmath>

#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

constexpr size_t kMinKeyframes = 6;

// Change of ln(value) over the whole span by a least-squares line.
double LogTrend(const std::vector<double>& time_s, const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double t0 = 0, y0 = 0, tt = 0, ty = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    t0 += time_s[i] / n;
    y0 += std::log(values[i]) / n;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    tt += (time_s[i] - t0) * (time_s[i] - t0);
    ty += (time_s[i] - t0) * (std::log(values[i]) - y0);
  }
  return tt > 0 ? ty / tt * (time_s.back() - time_s.front()) : 0;
}

}  // namespace

ContactScale SummarizeScales(std::vector<PersonScale> people) {
  ContactScale result;
  std::vector<double> all, medians;
  int judged = 0;
  for (PersonScale& person : people) {
    if (person.ratios.empty()) continue;
    person.median = Median(person.ratios);
    person.spread = RobustSpread(person.ratios) / person.median;
    person.trend = LogTrend(person.time_s, person.ratios);
    person.steady_enough_to_judge = person.ratios.size() >= kMinKeyframes;
    all.insert(all.end(), person.ratios.begin(), person.ratios.end());
    if (person.steady_enough_to_judge) {
      medians.push_back(person.median);
      result.trend += person.trend;
      ++judged;
    }
    result.people.push_back(std::move(person));
  }
  if (all.empty()) return result;
  result.scale = Median(all);
  result.spread = RobustSpread(all) / result.scale;
  if (judged > 0) result.trend /= judged;
  double mean = 0, squares = 0;
  for (double median : medians) mean += median / static_cast<double>(medians.size());
  for (double median : medians)
    squares += (median - mean) * (median - mean) / static_cast<double>(medians.size());
  if (mean > 0) result.person_spread = std::sqrt(squares) / mean;
  return result;
}

}  // namespace foothold
