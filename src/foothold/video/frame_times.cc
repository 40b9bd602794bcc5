// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/frame_times.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/median.h"

namespace foothold::video_internal {
namespace {

constexpr double kGapMin_s = 0.25;
constexpr double kGapMedians = 3.5;
constexpr int kEndIntervals = 5;  // Intervals that say how time goes on past the last known frame.

// Indices of the longest strictly increasing subsequence (patience sorting); the earliest on ties.
std::vector<int> LongestIncreasing(const std::vector<double>& values) {
  std::vector<int> tails;  // tails[k]: index of the smallest value that ends a run of k + 1.
  std::vector<int> previous(values.size(), -1);
  for (int i = 0; i < static_cast<int>(values.size()); ++i) {
    if (!std::isfinite(values[i]) || values[i] < 0) continue;
    const auto at = std::lower_bound(tails.begin(), tails.end(), values[i], [&](int index, double value) {
      return values[index] < value;
    });
    if (at != tails.begin()) previous[i] = *(at - 1);
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<int> run;
  for (int i = tails.empty() ? -1 : tails.back(); i >= 0; i = previous[i]) run.push_back(i);
  std::reverse(run.begin(), run.end());
  return run;
}

// Seconds per frame between known frames [from, to] of `known`.
double MedianInterval(const std::vector<double>& time_s, const std::vector<int>& known, int from, int to) {
  std::vector<double> intervals;
  for (int k = from + 1; k <= to; ++k) {
    intervals.push_back((time_s[known[k]] - time_s[known[k - 1]]) / (known[k] - known[k - 1]));
  }
  return UpperMedian(std::move(intervals));
}

}  // namespace

FrameTimes RepairFrameTimes(const std::vector<double>& reported_s, double fallback_rate_hz) {
  FrameTimes result;
  result.time_s = reported_s;
  std::vector<double>& time_s = result.time_s;
  const int count = static_cast<int>(time_s.size());
  std::vector<int> known = LongestIncreasing(reported_s);
  // A single frame at 0 is the first frame or a drained one; two known times make a rate.
  if (known.size() < 2) {
    const double interval_s = 1.0 / (fallback_rate_hz > 0 ? fallback_rate_hz : 30.0);
    for (int i = 0; i < count; ++i) time_s[i] = i * interval_s;
    result.median_interval_s = interval_s;
    result.any_known = count == 1 && known.size() == 1;
    return result;
  }
  result.any_known = true;
  const int last = static_cast<int>(known.size()) - 1;
  for (int k = 0; k < last; ++k) {
    const int a = known[k], b = known[k + 1];
    for (int i = a + 1; i < b; ++i) time_s[i] = time_s[a] + (time_s[b] - time_s[a]) * (i - a) / (b - a);
  }
  const double first_interval_s = MedianInterval(time_s, known, 0, std::min(last, kEndIntervals));
  const double last_interval_s = MedianInterval(time_s, known, std::max(0, last - kEndIntervals), last);
  for (int i = known.front() - 1; i >= 0; --i) time_s[i] = time_s[i + 1] - first_interval_s;
  for (int i = known.back() + 1; i < count; ++i) time_s[i] = time_s[i - 1] + last_interval_s;
  if (time_s.front() < 0) {
    const double shift_s = -time_s.front();
    for (double& t : time_s) t += shift_s;
  }
  std::vector<double> intervals;
  for (int i = 1; i < count; ++i) intervals.push_back(time_s[i] - time_s[i - 1]);
  result.median_interval_s = UpperMedian(std::move(intervals));
  return result;
}

bool IsVariableRate(const FrameTimes& times) {
  int off = 0;
  const int intervals = static_cast<int>(times.time_s.size()) - 1;
  for (int i = 1; i <= intervals; ++i) {
    const double ratio = (times.time_s[i] - times.time_s[i - 1]) / times.median_interval_s;
    if (ratio < 0.8 || ratio > 1.2) ++off;
  }
  return off > 0.05 * intervals;
}

std::vector<int> FramesBehindGaps(const std::vector<double>& time_s) {
  std::vector<double> intervals;
  for (size_t i = 1; i < time_s.size(); ++i) intervals.push_back(time_s[i] - time_s[i - 1]);
  std::vector<int> behind;
  if (intervals.empty()) return behind;
  const double limit_s = std::max(kGapMin_s, kGapMedians * UpperMedian(intervals));
  for (size_t i = 0; i < intervals.size(); ++i) {
    if (intervals[i] > limit_s) behind.push_back(static_cast<int>(i) + 1);
  }
  return behind;
}

}  // namespace foothold::video_internal
