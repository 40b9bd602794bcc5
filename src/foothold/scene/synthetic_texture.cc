// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/synthetic_texture.h"

#include <algorithm>
#include <cmath>

namespace foothold::synthetic {
namespace {

uint64_t Mix(uint64_t x) {  // splitmix64's finaliser.
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// -1 to 1.
float HashValue(int64_t x, int64_t y, uint64_t seed) {
  const uint64_t mixed = Mix(seed + 0x9e3779b97f4a7c15ULL * static_cast<uint64_t>(x) +
                             0xc2b2ae3d27d4eb4fULL * static_cast<uint64_t>(y));
  return static_cast<float>(mixed >> 40) * (2.0F / 16777216.0F) - 1.0F;
}

// Position inside the edge between two cells: a step, box-filtered over `width` (in cells).
float FilteredStep(double fraction, double width) {
  return static_cast<float>(std::clamp((fraction - 0.5) / std::max(width, 1e-4) + 0.5, 0.0, 1.0));
}

// Random patches of size `cell`, in -1..1; fades out where a pixel is wider than a patch.
float Patches(double u, double v, double cell, double footprint, uint64_t seed) {
  const double width = footprint / cell;
  const double fade = std::clamp(1.6 - 1.2 * width, 0.0, 1.0);
  if (fade == 0) return 0;
  const double x = u / cell, y = v / cell;
  const double xf = std::floor(x), yf = std::floor(y);
  const auto xi = static_cast<int64_t>(xf), yi = static_cast<int64_t>(yf);
  const float a = FilteredStep(x - xf, width), b = FilteredStep(y - yf, width);
  float value = 0;
  if (a < 1 && b < 1) value += (1 - a) * (1 - b) * HashValue(xi, yi, seed);
  if (a > 0 && b < 1) value += a * (1 - b) * HashValue(xi + 1, yi, seed);
  if (a < 1 && b > 0) value += (1 - a) * b * HashValue(xi, yi + 1, seed);
  if (a > 0 && b > 0) value += a * b * HashValue(xi + 1, yi + 1, seed);
  return static_cast<float>(fade) * value;
}

// Windows and doors of a facade: darker rectangles, about one in 2 x 2.6 m, each of its own size.
float Windows(double u, double v, double footprint, uint64_t seed) {
  const double cu = std::floor(u / 2.0), cv = std::floor(v / 2.6);
  const auto iu = static_cast<int64_t>(cu), iv = static_cast<int64_t>(cv);
  if (HashValue(iu, iv, seed + 11) > 0.6F) return 0;
  const double half_u = 0.5 + 0.25 * HashValue(iu, iv, seed + 12);
  const double half_v = 0.7 + 0.3 * HashValue(iu, iv, seed + 13);
  const double du = half_u - std::fabs(u - 2.0 * (cu + 0.5) - 0.15 * HashValue(iu, iv, seed + 14));
  const double dv = half_v - std::fabs(v - 2.6 * (cv + 0.5) - 0.15 * HashValue(iu, iv, seed + 15));
  const double edge = std::max(footprint, 1e-3);
  const double inside = std::clamp(du / edge + 0.5, 0.0, 1.0) * std::clamp(dv / edge + 0.5, 0.0, 1.0);
  return static_cast<float>(inside);
}

}  // namespace

Vec3f SurfaceColor(const Geometry& geometry,
                   const RayHit& hit,
                   const Vec3d& point_in_world,
                   double footprint_m) {
  const Solid& solid = geometry.solids[hit.solid];
  const Material& material = solid.material;
  const Vec3d normal = solid.faces[hit.face].normal;
  // Surface coordinates; turned by an angle of the face's own, but for walls, whose patches lie level.
  const Vec3d help = std::fabs(normal[1]) > 0.7 ? Vec3d{1, 0, 0} : Vec3d{0, 1, 0};
  const Vec3d axis_v = Normalized(help - Dot(help, normal) * normal);
  const Vec3d axis_u = Cross(axis_v, normal);
  const double u0 = Dot(axis_u, point_in_world), v0 = Dot(axis_v, point_in_world);
  const uint64_t seed = Mix(material.seed + 101 * static_cast<uint64_t>(hit.face));
  const bool level = material.kind == Material::Kind::kFacade || material.kind == Material::Kind::kWall;
  const double angle = level ? 0 : 0.3 + 0.9 * HashValue(1, 2, seed);
  const double u = std::cos(angle) * u0 + std::sin(angle) * v0;
  const double v = -std::sin(angle) * u0 + std::cos(angle) * v0;
  const float large = Patches(u + 0.3 * v, v, 0.83, footprint_m, seed + 1);
  const float middle = Patches(u, v - 0.2 * u, 0.27, footprint_m, seed + 2);
  const float small = Patches(u + 0.1 * v, v, 0.094, footprint_m, seed + 3);
  const float tiny = Patches(0.8 * u - 0.6 * v, 0.6 * u + 0.8 * v, 0.033, footprint_m, seed + 4);
  float blend = std::clamp(0.35F + 0.3F * large + 0.25F * middle, 0.0F, 1.0F);
  if (material.kind == Material::Kind::kFacade) {
    blend = 0.25F * blend + 0.75F * Windows(u0, v0, footprint_m, seed);
  }
  float gain = 1 + 0.1F * large + 0.12F * middle + 0.14F * small + 0.12F * tiny;
  // Indoors light comes from all sides; outdoors the sun favours some faces.
  const double lambert = std::max(0.0, -Dot(normal, geometry.sun_direction));
  gain *=
      static_cast<float>(geometry.outdoor ? 0.55 + 0.5 * lambert : 0.75 + 0.2 * lambert - 0.1 * normal[0]);
  Vec3f color;
  for (int c = 0; c < 3; ++c) {
    color[c] =
        std::clamp(gain * ((1 - blend) * material.color_a[c] + blend * material.color_b[c]), 0.0F, 1.0F);
  }
  return color;
}

Vec3f SkyColor(const Vec3d& direction, uint64_t seed) {
  const Vec3d unit = Normalized(direction);
  const double up = std::max(0.0, -unit[1]);
  const double u = unit[0] / (up + 0.3), v = unit[2] / (up + 0.3);
  const float cloud = 0.5F + 0.5F * Patches(u, v, 0.6, 0.5, seed) + 0.2F * Patches(u, v, 0.2, 0.15, seed + 1);
  const float white = std::clamp(cloud, 0.0F, 1.0F);
  return {0.55F + 0.35F * white, 0.68F + 0.22F * white, 0.88F + 0.06F * white};
}

float ClothGain(const Vec3f& rest_point_m, uint64_t seed) {
  const float x = rest_point_m[0] + 0.4F * rest_point_m[2];
  const float y = rest_point_m[1] - 0.3F * rest_point_m[2];
  return 1 + 0.22F * Patches(x, y, 0.11, 0.02, seed) +
         0.18F * Patches(x - 0.5F * y, y, 0.043, 0.012, seed + 1);
}

}  // namespace foothold::synthetic
