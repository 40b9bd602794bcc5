// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/ground_gate.h"

#include <algorithm>
#include <cmath>

namespace foothold {
namespace {

constexpr double kStrongScore = 1.2, kMaxWeight = 4;
constexpr double kMinSlope = 0.1, kMaxSlope = 4;
constexpr int kNumSlopes = 38;
constexpr double kFootSpread = 0.08;   // Of the height: how exactly a box ends at the foot.
constexpr double kHeightSpread = 0.1;  // Of ln height, in the score of a slope.
constexpr int kHorizonStride = 5;      // Looked-at frames between fitted horizons.
constexpr size_t kMaxBoxes = 600;      // Of one mode; beyond, every so-manieth is taken.
constexpr int kMinStrong = 6;
constexpr double kMinExpected_px = 5;
constexpr double kMinShrink = 0.7;
// At 2 the horizon passes through the middles of all people, which then tell nothing about heights.
constexpr double kMaxMiddleSlope = 1.5;

struct Sample {
  double foot_y, height, weight;
};

std::vector<Sample> StrongSamples(const std::vector<FrameDetections>& detections,
                                  int low_frame,
                                  int high_frame) {
  std::vector<Sample> samples;
  for (const FrameDetections& frame : detections) {
    if (frame.frame < low_frame || frame.frame > high_frame) continue;
    for (const Detection& detection : frame.detections) {
      if (detection.score <= kStrongScore) continue;
      samples.push_back({FootY(detection.box), detection.box.height, std::min(detection.score, kMaxWeight)});
    }
  }
  if (samples.size() <= kMaxBoxes) return samples;
  std::vector<Sample> thinned;
  for (size_t i = 0; i < kMaxBoxes; ++i) thinned.push_back(samples[i * samples.size() / kMaxBoxes]);
  return thinned;
}

// Weighted mode of the rows where each box's height would vanish; kernel width per box.
double HorizonMode(const std::vector<Sample>& samples, double slope) {
  std::vector<double> rows, widths;
  for (const Sample& sample : samples) {
    rows.push_back(sample.foot_y - sample.height / slope);
    widths.push_back(kFootSpread * sample.height / slope);
  }
  size_t best = 0;
  double best_density = -1;
  for (size_t i = 0; i < rows.size(); ++i) {
    double density = 0;
    for (size_t j = 0; j < rows.size(); ++j) {
      const double u = (rows[i] - rows[j]) / widths[j];
      if (std::abs(u) < 4) density += samples[j].weight * std::exp(-0.5 * u * u);
    }
    if (density > best_density) {
      best_density = density;
      best = i;
    }
  }
  double sum = 0, weight_sum = 0;
  for (size_t j = 0; j < rows.size(); ++j) {
    if (std::abs(rows[j] - rows[best]) >= 2 * widths[j]) continue;
    const double weight = samples[j].weight / (widths[j] * widths[j]);
    sum += weight * rows[j];
    weight_sum += weight;
  }
  return weight_sum > 0 ? sum / weight_sum : rows[best];
}

double Support(const std::vector<Sample>& samples, double slope, double horizon) {
  double support = 0;
  for (const Sample& sample : samples) {
    const double expected = slope * (sample.foot_y - horizon);
    if (expected <= 3) continue;
    const double residual = std::log(expected / sample.height) / kHeightSpread;
    support += sample.weight * std::exp(-0.5 * residual * residual);
  }
  return support;
}

// Linear between the fitted entries, constant outside.
std::vector<double> Interpolate(const std::vector<int>& entries,
                                const std::vector<double>& values,
                                int count) {
  std::vector<double> result(count);
  size_t next = 0;
  for (int i = 0; i < count; ++i) {
    while (next < entries.size() && entries[next] < i) ++next;
    if (next == 0) {
      result[i] = values.front();
    } else if (next == entries.size()) {
      result[i] = values.back();
    } else {
      const double t = static_cast<double>(i - entries[next - 1]) / (entries[next] - entries[next - 1]);
      result[i] = values[next - 1] + t * (values[next] - values[next - 1]);
    }
  }
  return result;
}

}  // namespace

GroundGate FitGroundGate(const std::vector<FrameDetections>& detections, const GroundGateOptions& options) {
  GroundGate gate;
  if (detections.empty()) return gate;
  // Samples around each entry whose horizon is fitted: the same for every slope.
  std::vector<int> entries;
  std::vector<std::vector<Sample>> samples;
  const int count = static_cast<int>(detections.size());
  const int first = detections.front().frame, last = detections.back().frame;
  for (int entry = 0; entry < (options.one_horizon ? 1 : count); entry += kHorizonStride) {
    const int frame = detections[entry].frame;
    std::vector<Sample> around = options.one_horizon ? StrongSamples(detections, first, last)
                                                     : StrongSamples(detections,
                                                                     frame - options.half_window_frames,
                                                                     frame + options.half_window_frames);
    if (around.size() < 2) continue;
    entries.push_back(entry);
    samples.push_back(std::move(around));
  }
  if (StrongSamples(detections, first, last).size() < kMinStrong || entries.empty()) return gate;

  double best_support = -1;
  std::vector<double> best_horizons;
  for (int k = 0; k < kNumSlopes; ++k) {
    const double slope =
        kMinSlope * std::pow(kMaxSlope / kMinSlope, static_cast<double>(k) / (kNumSlopes - 1));
    double support = 0;
    std::vector<double> horizons;
    for (const std::vector<Sample>& around : samples) {
      horizons.push_back(HorizonMode(around, slope));
      support += Support(around, slope, horizons.back());
    }
    if (support > best_support) {
      best_support = support;
      gate.slope = slope;
      best_horizons = std::move(horizons);
    }
  }
  gate.horizon_px = Interpolate(entries, best_horizons, count);
  gate.known = true;
  return gate;
}

void ShrinkSmallest(const GroundGate& gate, std::vector<FrameDetections>* detections) {
  if (!gate.known || gate.slope > kMaxMiddleSlope) return;
  for (size_t entry = 0; entry < detections->size(); ++entry) {
    for (Detection& detection : (*detections)[entry].detections) {
      if (!detection.smallest) continue;
      Box& box = detection.box;
      // height = slope * (middle + height / 2 - horizon)
      const double middle = box.y + 0.5 * box.height;
      const double expected = gate.slope * (middle - gate.horizon_px[entry]) / (1 - 0.5 * gate.slope);
      const double factor = expected / box.height;
      if (factor < kMinShrink || factor > 1) continue;
      box = {static_cast<float>(CentreX(box) - 0.5 * factor * box.width),
             static_cast<float>(middle - 0.5 * expected),
             static_cast<float>(factor * box.width),
             static_cast<float>(expected)};
    }
  }
}

void ApplyGroundGate(const GroundGate& gate,
                     double min_score,
                     double max_log_height,
                     std::vector<FrameDetections>* detections) {
  for (size_t entry = 0; entry < detections->size(); ++entry) {
    std::vector<Detection>& own = (*detections)[entry].detections;
    std::erase_if(own, [&](const Detection& detection) {
      if (detection.score <= min_score) return true;
      if (!gate.known) return false;
      const double expected = gate.ExpectedHeight(static_cast<int>(entry), FootY(detection.box));
      return expected <= kMinExpected_px ||
             std::abs(std::log(expected / detection.box.height)) >= max_log_height;
    });
    own = SuppressContained(std::move(own));
  }
}

}  // namespace foothold
