// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

// Source pixels [first, first + weights.size()) that make one output pixel; no weights: outside.
struct Tap {
  int first = 0;
  std::vector<float> weights;
};

// Box filter of one output pixel's footprint, at least one source pixel wide (which makes it linear
// interpolation when enlarging).
std::vector<Tap> MakeTaps(int source_size, int size, double scale, double offset_px) {
  std::vector<Tap> taps(size);
  const double half = 0.5 * std::max(1.0, 1.0 / scale);
  for (int i = 0; i < size; ++i) {
    const double centre = (i - offset_px) / scale;              // Source pixel i covers [i - 0.5, i + 0.5].
    if (centre < -0.5 || centre > source_size - 0.5) continue;  // Padding.
    const double low = std::max(-0.5, centre - half), high = std::min(source_size - 0.5, centre + half);
    const int first = std::clamp(static_cast<int>(std::floor(low + 0.5)), 0, source_size - 1);
    const int last = std::clamp(static_cast<int>(std::ceil(high + 0.5)) - 1, first, source_size - 1);
    taps[i].first = first;
    double sum = 0;
    for (int s = first; s <= last; ++s) {
      const double weight = std::max(0.0, std::min(high, s + 0.5) - std::max(low, s - 0.5));
      taps[i].weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& weight : taps[i].weights) weight = static_cast<float>(weight / sum);
  }
  return taps;
}

// One source row, filtered along x.
void FilterRow(const ImageU8& source, int y, const std::vector<Tap>& taps, float* out) {
  const int channels = source.channels;
  for (size_t x = 0; x < taps.size(); ++x) {
    for (int c = 0; c < channels; ++c) {
      const uint8_t* in = &source.At(taps[x].first, y, c);
      float sum = 0;
      for (size_t k = 0; k < taps[x].weights.size(); ++k) sum += taps[x].weights[k] * in[k * channels];
      out[x * channels + c] = sum;
    }
  }
}

}  // namespace

ImageU8 ToWorkingImage(const ImageU8& source_rgb, const ImageTransform& working_from_source) {
  const ImageTransform& t = working_from_source;
  FOOTHOLD_CHECK(source_rgb.width == t.source_width && source_rgb.height == t.source_height,
                 "source image and transform differ in size");
  const std::vector<Tap> columns = MakeTaps(t.source_width, t.width, t.scale_x, t.offset_x_px);
  const std::vector<Tap> rows = MakeTaps(t.source_height, t.height, t.scale_y, t.offset_y_px);
  const int channels = source_rgb.channels;
  const size_t row_size = static_cast<size_t>(t.width) * channels;
  ImageU8 working(t.width, t.height, channels);
  std::vector<float> row(row_size), sum(row_size);
  for (int y = 0; y < t.height; ++y) {
    if (rows[y].weights.empty()) continue;
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (size_t k = 0; k < rows[y].weights.size(); ++k) {
      FilterRow(source_rgb, rows[y].first + static_cast<int>(k), columns, row.data());
      for (size_t i = 0; i < row_size; ++i) sum[i] += rows[y].weights[k] * row[i];
    }
    for (size_t i = 0; i < row_size; ++i) {
      working.data[y * row_size + i] = static_cast<uint8_t>(std::clamp(sum[i] + 0.5f, 0.0f, 255.0f));
    }
  }
  return working;
}

}  // namespace foothold
