// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"

namespace foothold::testing {

// Smooth random texture, four octaves of value noise, 0..255.
inline double TextureAt(double u, double v, double finest) {
  const auto lattice = [](int64_t x, int64_t y, int64_t octave) {
    uint64_t h = static_cast<uint64_t>(x) * 0x9E3779B97F4A7C15ull ^
                 static_cast<uint64_t>(y) * 0xC2B2AE3D27D4EB4Full ^
                 static_cast<uint64_t>(octave) * 0x165667B19E3779F9ull;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9ull;
    h ^= h >> 32;
    return static_cast<double>(h & 0xFFFF) / 65535.0;
  };
  double sum = 0, scale = finest, weight = 0;
  for (int octave = 0; octave < 4; ++octave, scale *= 2) {
    const double x = u / scale, y = v / scale, fx = x - std::floor(x), fy = y - std::floor(y);
    const int64_t ix = static_cast<int64_t>(std::floor(x)), iy = static_cast<int64_t>(std::floor(y));
    const double sx = fx * fx * (3 - 2 * fx), sy = fy * fy * (3 - 2 * fy);
    sum += (1 - sy) * ((1 - sx) * lattice(ix, iy, octave) + sx * lattice(ix + 1, iy, octave)) +
           sy * ((1 - sx) * lattice(ix, iy + 1, octave) + sx * lattice(ix + 1, iy + 1, octave));
    weight += 1;
  }
  return 255 * sum / weight;
}

// A textured ground 1.5 below the camera and a wall; depth along z in `depth` when given.
inline ImageU8 RenderRoom(
    const Pinholed& pinhole, int width, int height, const Rigid3d& world_from_cam, ImageF* depth) {
  constexpr double kGround = 1.5, kWall = 9;
  ImageU8 image(width, height, 3);
  if (depth != nullptr) *depth = ImageF(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Vec3d ray = Unproject(pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const Vec3d direction = Rotate(world_from_cam.rotation, ray);
      const Vec3d& center = world_from_cam.translation;
      double z = direction[2] > 1e-6 ? (kWall - center[2]) / direction[2] : 1e9;
      bool ground = false;
      if (direction[1] > 1e-6 && (kGround - center[1]) / direction[1] < z) {
        z = (kGround - center[1]) / direction[1];
        ground = true;
      }
      const Vec3d point = center + z * direction;
      const double value = ground ? TextureAt(point[0] + 100, point[2] + 50, 0.06)
                                  : TextureAt(point[0] - 300, point[1] + 20, 0.12);
      for (int c = 0; c < 3; ++c) image.At(x, y, c) = static_cast<uint8_t>(value);
      if (depth != nullptr) depth->At(x, y) = static_cast<float>(z);
    }
  }
  return image;
}

inline Clip ClipOf(int num_frames, double rate_hz, int width, int height) {
  Clip clip;
  clip.name = "rendered";
  for (int i = 0; i < num_frames; ++i) clip.time_s.push_back(i / rate_hz);
  clip.frame_rate_hz = rate_hz;
  clip.working_from_source = {width, height, width, height, 1, 1, 0, 0};
  return clip;
}

}  // namespace foothold::testing
