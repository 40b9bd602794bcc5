// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace foothold {

// Dense row-major image with interleaved channels; owns its pixels. Empty when width is 0.
template <class T>
struct Image {
  int width = 0;
  int height = 0;
  int channels = 1;
  std::vector<T> data;

  Image() = default;
  Image(int width_, int height_, int channels_ = 1, T value = T())
      : width(width_),
        height(height_),
        channels(channels_),
        data(static_cast<size_t>(width_) * height_ * channels_, value) {}

  bool empty() const { return data.empty(); }
  bool Contains(int x, int y) const { return x >= 0 && y >= 0 && x < width && y < height; }
  T& At(int x, int y, int c = 0) { return data[(static_cast<size_t>(y) * width + x) * channels + c]; }
  const T& At(int x, int y, int c = 0) const {
    return data[(static_cast<size_t>(y) * width + x) * channels + c];
  }
};
using ImageU8 = Image<uint8_t>;  // Colour images are RGB.
using ImageF = Image<float>;

}  // namespace foothold
