// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "foothold/geometry/vec.h"
#include "foothold/scene/synthetic_world.h"

namespace foothold::synthetic {

// Procedural colours, linear in 0..1: patches of several sizes whose edges are filtered analytically
// over a pixel's footprint, so that corners stay put in a rendered video and nothing repeats.

// Colour of a solid's face at a point; `footprint_m` is the width of a pixel on the surface.
Vec3f SurfaceColor(const Geometry& geometry,
                   const RayHit& hit,
                   const Vec3d& point_in_world,
                   double footprint_m);
Vec3f SkyColor(const Vec3d& direction, uint64_t seed);
// Cloth pattern, a gain around 1, at a point of the rest body.
float ClothGain(const Vec3f& rest_point_m, uint64_t seed);

}  // namespace foothold::synthetic
