// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/synthetic_world.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace foothold::synthetic {
namespace {

constexpr double kFar = 1e9;

struct Axes {
  Vec3d right, forward;
};
Axes AxesOf(double yaw_rad) {
  return {{std::cos(yaw_rad), 0, -std::sin(yaw_rad)}, {std::sin(yaw_rad), 0, std::cos(yaw_rad)}};
}

// Where the line enters the solid, if it does so before `limit`.
bool Enters(const Solid& solid,
            const Vec3d& origin,
            const Vec3d& direction,
            double limit,
            double* enter,
            int* face) {
  *enter = -kFar;
  double leave = limit;
  for (size_t f = 0; f < solid.faces.size(); ++f) {
    const Face& plane = solid.faces[f];
    const double along = Dot(plane.normal, direction);
    const double gap = plane.offset - Dot(plane.normal, origin);
    if (along < 0) {
      const double t = gap / along;
      if (t > *enter) {
        *enter = t;
        *face = static_cast<int>(f);
      }
    } else if (along > 0) {
      leave = std::min(leave, gap / along);
    } else if (gap < 0) {
      return false;
    }
    if (*enter > leave) return false;
  }
  return true;
}

bool MissesSphere(const Solid& solid, const Vec3d& origin, const Vec3d& direction) {
  const Vec3d to_center = solid.center - origin;
  const Vec3d off = Cross(to_center, direction);
  return SquaredNorm(off) > solid.radius * solid.radius * SquaredNorm(direction);
}

void CastOne(const Solid& solid, int index, const Vec3d& origin, const Vec3d& direction, RayHit* best) {
  if (MissesSphere(solid, origin, direction)) return;
  double enter;
  int face = -1;
  if (!Enters(solid, origin, direction, best->distance, &enter, &face)) return;
  if (enter > 0 && enter < best->distance) *best = {enter, index, face};
}

}  // namespace

Solid MakeBox(const Vec3d& center, const Vec3d& half, double yaw_rad) {
  const Axes axes = AxesOf(yaw_rad);
  const Vec3d down{0, 1, 0};
  Solid solid;
  const Vec3d directions[3] = {axes.right, down, axes.forward};
  for (int a = 0; a < 3; ++a) {
    const double middle = Dot(directions[a], center);
    solid.faces.push_back({directions[a], middle + half[a]});
    solid.faces.push_back({-directions[a], half[a] - middle});
  }
  solid.center = center;
  solid.radius = Norm(half);
  return solid;
}

Solid MakeSlope(const Vec3d& low, double length, double width, double height, double yaw_rad) {
  const Axes axes = AxesOf(yaw_rad);
  Solid solid;
  const double side = Dot(axes.right, low);
  const double start = Dot(axes.forward, low);
  solid.faces.push_back({axes.right, side + width / 2});
  solid.faces.push_back({-axes.right, width / 2 - side});
  solid.faces.push_back({axes.forward, start + length});
  solid.faces.push_back({{0, 1, 0}, low[1]});
  const Vec3d top = Normalized(height * -axes.forward + length * kUp);
  solid.faces.push_back({top, Dot(top, low)});
  solid.center = low + (length / 2) * axes.forward + (height / 2) * kUp;
  solid.radius = 0.5 * std::sqrt(length * length + width * width + height * height);
  return solid;
}

RayHit Geometry::Cast(const Vec3d& origin, const Vec3d& direction, double max_distance) const {
  RayHit best{max_distance, -1, -1};
  for (size_t s = 0; s < solids.size(); ++s)
    CastOne(solids[s], static_cast<int>(s), origin, direction, &best);
  if (!best.hit()) best.distance = -1;
  return best;
}

RayHit Geometry::CastAmong(const std::vector<int>& candidates,
                           const Vec3d& origin,
                           const Vec3d& direction,
                           double max_distance) const {
  RayHit best{max_distance, -1, -1};
  for (int s : candidates) CastOne(solids[s], s, origin, direction, &best);
  if (!best.hit()) best.distance = -1;
  return best;
}

bool Geometry::Sees(const Vec3d& from, const Vec3d& to) const {
  const Vec3d direction = to - from;
  const double length = Norm(direction);
  if (length < 0.01) return true;
  return !Cast(from, direction, 1 - 0.01 / length).hit();
}

SurfacePoint Geometry::SurfaceAt(double x, double z) const {
  const Vec3d origin{x, -100, z};
  const Vec3d down{0, 1, 0};
  RayHit best{kFar, -1, -1};
  for (size_t s = 0; s < solids.size(); ++s) {
    if (solids[s].walkable) CastOne(solids[s], static_cast<int>(s), origin, down, &best);
  }
  SurfacePoint point;
  if (!best.hit()) return point;
  point.y = origin[1] + best.distance;
  point.solid = best.solid;
  point.face = best.face;
  point.normal = solids[best.solid].faces[best.face].normal;
  return point;
}

double Geometry::Clearance(const Vec3d& point, bool obstacles_only) const {
  double clearance = kFar;
  for (const Solid& solid : solids) {
    if (obstacles_only && solid.walkable) continue;
    double outside = -kFar;
    for (const Face& face : solid.faces) outside = std::max(outside, Dot(face.normal, point) - face.offset);
    clearance = std::min(clearance, outside);
  }
  return clearance;
}

}  // namespace foothold::synthetic
