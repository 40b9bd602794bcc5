// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/base/random.h"
#include "foothold/geometry/vec.h"

namespace foothold::synthetic {

// Static geometry of a synthetic clip: convex solids in a world with y along gravity (y down; "up" is
// -y) and the ground at y = 0, metres. Internal to the synthetic generator.

constexpr Vec3d kUp{0, -1, 0};

// Half space normal . x <= offset; the outside of the solid is on the normal's side.
struct Face {
  Vec3d normal;
  double offset;
};

// What a surface looks like; see synthetic_texture.h.
struct Material {
  enum class Kind { kGround, kWall, kFacade, kObject };
  Kind kind = Kind::kObject;
  Vec3f color_a{0.5F, 0.5F, 0.5F};
  Vec3f color_b{0.3F, 0.3F, 0.3F};
  uint64_t seed = 0;
};

struct Solid {
  std::vector<Face> faces;
  Vec3d center;  // Of a bounding sphere.
  double radius;
  bool walkable = false;  // People step on its upper faces; otherwise they keep away from it.
  Material material;
};

// Box with half sizes along (right, down, forward), turned about the vertical axis.
Solid MakeBox(const Vec3d& center, const Vec3d& half, double yaw_rad);
// Slope that rises from height zero at `low` to `height` at `length` along yaw; `low` is the middle
// of its lower edge on the ground.
Solid MakeSlope(const Vec3d& low, double length, double width, double height, double yaw_rad);

struct RayHit {
  double distance = -1;  // In lengths of the direction; negative: nothing was hit.
  int solid = -1;
  int face = -1;
  bool hit() const { return solid >= 0; }
};

struct SurfacePoint {
  double y = 0;  // World y of the surface.
  int solid = -1;
  int face = -1;
  Vec3d normal = kUp;
};

// A staircase, platform and slope in a row that people may walk over, from `entry` to `exit` or back.
struct Crossing {
  Vec3d entry, exit;
};

struct Geometry {
  std::vector<Solid> solids;
  std::vector<Crossing> crossings;
  bool outdoor = false;
  Vec3d sun_direction{0, 1, 0};  // Of the light, unit.
  // Where people are planned: centre and half sizes (x, z) of the activity area.
  Vec3d area_center{0, 0, 0};
  Vec3d area_half{3, 0, 3};
  // Closed way that people walk round in this order, one point every few metres; empty where they
  // wander about the area.
  std::vector<Vec3d> circuit;

  // First surface along origin + t direction, 0 < t < max_distance.
  RayHit Cast(const Vec3d& origin, const Vec3d& direction, double max_distance) const;
  // The same over some solids only (indices); for tiles of an image.
  RayHit CastAmong(const std::vector<int>& candidates,
                   const Vec3d& origin,
                   const Vec3d& direction,
                   double max_distance) const;
  // True when nothing lies between the two points (a centimetre at `to` is left out).
  bool Sees(const Vec3d& from, const Vec3d& to) const;
  // Highest walkable surface at (x, z).
  SurfacePoint SurfaceAt(double x, double z) const;
  // Lower bound of the distance from a point to the nearest solid; negative inside. With
  // `obstacles_only`, walkable solids do not count.
  double Clearance(const Vec3d& point, bool obstacles_only) const;
};

// `kind`: room, street or loop. `loop_length_m`: of a loop's circuit; 0: drawn.
Geometry MakeGeometry(const std::string& kind, double loop_length_m, RandomStream* random);

}  // namespace foothold::synthetic
