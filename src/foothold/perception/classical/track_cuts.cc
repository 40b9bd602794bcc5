// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track_cuts.h"

#include <algorithm>
#include <cmath>

namespace foothold {
namespace {

constexpr int kSide = 15;  // Samples compared on each side.
constexpr int kMinSide = 8;
constexpr int kMinSamples = 20;
constexpr double kFloor = 4;  // L, a, b units (0..255) that lighting and box jitter may always change.

float MedianOf(std::vector<float> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Median and median absolute deviation of one component over [begin, end).
std::pair<double, double> Spread(const std::vector<ClothesBands>& samples,
                                 int component,
                                 int begin,
                                 int end) {
  std::vector<float> values;
  for (int i = begin; i < end; ++i) values.push_back(samples[i][component]);
  const float median = MedianOf(values);
  for (float& value : values) value = std::abs(value - median);
  return {median, MedianOf(std::move(values))};
}

double ChangeAt(const std::vector<ClothesBands>& samples, int at) {
  const int begin = std::max(0, at - kSide), end = std::min(static_cast<int>(samples.size()), at + kSide);
  double sum = 0;
  for (int component = 0; component < static_cast<int>(ClothesBands().size()); ++component) {
    const auto [before, spread_before] = Spread(samples, component, begin, at);
    const auto [after, spread_after] = Spread(samples, component, at, end);
    const double deviation = 0.5 * 1.48 * (spread_before + spread_after) + kFloor;
    sum += std::pow((after - before) / deviation, 2);
  }
  return std::sqrt(sum / static_cast<double>(ClothesBands().size()));
}

void Split(const std::vector<ClothesBands>& samples, int offset, double threshold, std::vector<int>* cuts) {
  const AppearanceChange change = LargestChange(samples);
  if (change.score <= threshold) return;
  const auto middle = samples.begin() + change.sample;
  Split({samples.begin(), middle}, offset, threshold, cuts);
  cuts->push_back(offset + change.sample);
  Split({middle, samples.end()}, offset + change.sample, threshold, cuts);
}

}  // namespace

AppearanceChange LargestChange(const std::vector<ClothesBands>& samples) {
  AppearanceChange largest;
  const int count = static_cast<int>(samples.size());
  if (count < kMinSamples) return largest;
  for (int at = kMinSide; at <= count - kMinSide; ++at) {
    const double score = ChangeAt(samples, at);
    if (score > largest.score) largest = {at, score};
  }
  return largest;
}

std::vector<int> IdentityCuts(const std::vector<ClothesBands>& samples, double threshold) {
  std::vector<int> cuts;
  Split(samples, 0, threshold, &cuts);
  return cuts;
}

}  // namespace foothold
