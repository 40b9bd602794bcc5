// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "foothold/scene/image.h"
#include "foothold/video/video.h"

namespace foothold::test {

// A smooth colourful picture that slides by `step_px` a frame: what a walking camera sees.
class SlidingScene {
 public:
  explicit SlidingScene(uint64_t seed) {
    RandomStream random(seed, "sliding scene");
    for (Wave& wave : waves_) {
      wave = {random.Uniform(-0.12, 0.12), random.Uniform(-0.12, 0.12), random.Uniform(0, 6.28)};
    }
    for (double& base : base_) base = random.Uniform(60, 190);
  }
  ImageU8 Frame(int width, int height, double shift_px, double gain = 1) const {
    ImageU8 image(width, height, 3);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < 3; ++c) {
          double value = base_[c];
          for (int k = 0; k < 3; ++k) {
            const Wave& wave = waves_[3 * c + k];
            value += 20 * std::sin(wave.x * (x + shift_px) + wave.y * y + wave.phase);
          }
          image.At(x, y, c) = static_cast<uint8_t>(std::clamp(value * gain, 0.0, 255.0));
        }
      }
    }
    return image;
  }
  std::vector<ImageU8> Frames(int count, int width = 160, int height = 96, double step_px = 1.5) const {
    std::vector<ImageU8> frames;
    for (int i = 0; i < count; ++i) frames.push_back(Frame(width, height, step_px * i));
    return frames;
  }

 private:
  struct Wave {
    double x, y, phase;
  };
  Wave waves_[9];
  double base_[3];
};

// A folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "foothold_video_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Reason of the Error that `call` throws; "none" when it throws nothing.
template <class Call>
std::string ReasonOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.reason();
  }
  return "none";
}

inline bool HasFlag(const VideoProbe& probe, const std::string& flag) {
  for (const std::string& own : probe.flags) {
    if (own == flag) return true;
  }
  return false;
}

}  // namespace foothold::test
