// SPDX-License-Identifier: Apache-2.0
// Seconds that the reciprocal matching of one image pair takes: all four searches, random descriptors with a
// shift between the images.
//   matching_bench [threads] [width] [height]
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "foothold/base/random.h"
#include "foothold/perception/reciprocal_matching.h"

namespace foothold {
namespace {

constexpr int kChannels = 24, kShift_px = 13;

ImageF RandomDescriptors(int width, int height) {
  RandomStream random(1, "descriptors");
  ImageF map(width, height, kChannels);
  for (size_t pixel = 0; pixel < map.data.size(); pixel += kChannels) {
    double squared = 0;
    for (int c = 0; c < kChannels; ++c) {
      const double value = random.Normal();
      map.data[pixel + c] = static_cast<float>(value);
      squared += value * value;
    }
    for (int c = 0; c < kChannels; ++c) map.data[pixel + c] /= static_cast<float>(std::sqrt(squared));
  }
  return map;
}

void Run(int threads, int width, int height) {
  const ImageF a = RandomDescriptors(width, height);
  ImageF b = a;
  for (int y = 0; y < height; ++y) {
    for (int x = kShift_px; x < width; ++x) {
      for (int c = 0; c < kChannels; ++c) b.At(x, y, c) = a.At(x - kShift_px, y, c);
    }
  }
  const ImageF confidence(width, height, 1, 1.0f);
  const DecodedPair decoded{&a, &confidence, &b, &confidence};
  ReciprocalOptions options;
  options.threads = threads;
  const auto begin = std::chrono::steady_clock::now();
  const PairMatches result = MatchImagePair(decoded, decoded, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf(
      "%d x %d, %d threads: %zu matches, %.3f s\n", width, height, threads, result.matches.size(), seconds);
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  const auto argument = [&](int index, int fallback) {
    return index < argc ? std::atoi(argv[index]) : fallback;
  };
  foothold::Run(argument(1, 1), argument(2, 512), argument(3, 384));
  return 0;
}
