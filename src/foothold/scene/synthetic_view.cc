// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/synthetic_view.h"

#include <algorithm>
#include <cmath>

#include "foothold/scene/synthetic_texture.h"

namespace foothold::synthetic {
namespace {

constexpr int kTile = 16;
constexpr double kNear = 0.1;
constexpr double kFar = 1e4;

struct BodyPixels {
  ImageF depth_m;  // Infinity where nobody is.
  ImageU8 person;
  ImageF color;
};

struct ScreenVertex {
  double x, y, inverse_z;
};

std::vector<Vec3d> VertexNormals(const BodyModel& body, const std::vector<Vec3d>& vertices) {
  std::vector<Vec3d> normals(vertices.size(), Vec3d{0, 0, 0});
  for (const auto& face : body.faces) {
    const Vec3d normal = Cross(vertices[face[1]] - vertices[face[0]], vertices[face[2]] - vertices[face[0]]);
    for (int corner : face) normals[corner] = normals[corner] + normal;
  }
  for (Vec3d& normal : normals) normal = normal / std::max(1e-12, Norm(normal));
  return normals;
}

std::vector<Vec3f> Lit(const BodyModel& body,
                       const Geometry& geometry,
                       const std::vector<Vec3d>& vertices,
                       const std::vector<Vec3f>& colors) {
  const std::vector<Vec3d> normals = VertexNormals(body, vertices);
  std::vector<Vec3f> lit(colors.size());
  for (size_t v = 0; v < colors.size(); ++v) {
    const double lambert = std::max(0.0, -Dot(normals[v], geometry.sun_direction));
    const double gain =
        geometry.outdoor ? 0.5 + 0.5 * lambert : 0.68 + 0.18 * lambert + 0.12 * std::fabs(normals[v][0]);
    lit[v] = static_cast<float>(gain) * colors[v];
  }
  return lit;
}

std::vector<ScreenVertex> ToScreen(const View& view, const std::vector<Vec3d>& vertices) {
  const Rigid3d cam_from_world = Inverse(view.world_from_cam);
  const Mat3d rotation = MatrixFromQuaternion(cam_from_world.rotation);
  const Pinholed& pinhole = view.sensor.pinhole;
  std::vector<ScreenVertex> screen(vertices.size());
  for (size_t v = 0; v < vertices.size(); ++v) {
    const Vec3d in_cam = rotation * vertices[v] + cam_from_world.translation;
    if (in_cam[2] < kNear) {
      screen[v] = {0, 0, -1};
      continue;
    }
    const Vec2d normalized = Distort(view.sensor.lens, Vec2d{in_cam[0] / in_cam[2], in_cam[1] / in_cam[2]});
    screen[v] = {pinhole.focal_px * normalized[0] + pinhole.center_x_px,
                 pinhole.focal_px * normalized[1] + pinhole.center_y_px,
                 1 / in_cam[2]};
  }
  return screen;
}

// One triangle into the buffers; pixels whose centre lies inside.
template <class Plot>
void FillTriangle(const ScreenVertex& a,
                  const ScreenVertex& b,
                  const ScreenVertex& c,
                  int width,
                  int height,
                  const Plot& plot) {
  const double area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  if (area == 0 || a.inverse_z < 0 || b.inverse_z < 0 || c.inverse_z < 0) return;
  const int x0 = std::max(0, static_cast<int>(std::ceil(std::min({a.x, b.x, c.x}))));
  const int x1 = std::min(width - 1, static_cast<int>(std::floor(std::max({a.x, b.x, c.x}))));
  const int y0 = std::max(0, static_cast<int>(std::ceil(std::min({a.y, b.y, c.y}))));
  const int y1 = std::min(height - 1, static_cast<int>(std::floor(std::max({a.y, b.y, c.y}))));
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const double wb = ((x - a.x) * (c.y - a.y) - (y - a.y) * (c.x - a.x)) / area;
      const double wc = ((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x)) / area;
      const double wa = 1 - wb - wc;
      if (wa < 0 || wb < 0 || wc < 0) continue;
      plot(x, y, wa, wb, wc);
    }
  }
}

void DrawPerson(const BodyModel& body,
                const std::vector<ScreenVertex>& screen,
                const std::vector<Vec3f>& colors,
                int person,
                BodyPixels* pixels,
                int* drawn_pixels) {
  const int width = pixels->depth_m.width, height = pixels->depth_m.height;
  ImageU8 own(width, height);
  for (const auto& face : body.faces) {
    const ScreenVertex &a = screen[face[0]], &b = screen[face[1]], &c = screen[face[2]];
    FillTriangle(a, b, c, width, height, [&](int x, int y, double wa, double wb, double wc) {
      uint8_t& seen = own.At(x, y);
      *drawn_pixels += seen == 0;
      seen = 1;
      const double z = 1 / (wa * a.inverse_z + wb * b.inverse_z + wc * c.inverse_z);
      if (!(z < pixels->depth_m.At(x, y))) return;
      pixels->depth_m.At(x, y) = static_cast<float>(z);
      pixels->person.At(x, y) = static_cast<uint8_t>(1 + person);
      if (pixels->color.empty()) return;
      for (int k = 0; k < 3; ++k) {
        pixels->color.At(x, y, k) = static_cast<float>(z * (wa * a.inverse_z * colors[face[0]][k] +
                                                            wb * b.inverse_z * colors[face[1]][k] +
                                                            wc * c.inverse_z * colors[face[2]][k]));
      }
    });
  }
}

// Solids whose bounding sphere meets the cone of rays through a tile.
std::vector<int> SolidsInTile(const View& view, const Geometry& geometry, int x0, int y0) {
  const Vec3d axis = Normalized(view.RayInWorld(x0 + 0.5 * kTile, y0 + 0.5 * kTile));
  double cosine = 1;
  for (int corner = 0; corner < 4; ++corner) {
    const double x = x0 + (corner % 2) * kTile, y = y0 + (corner / 2) * kTile;
    cosine = std::min(cosine, Dot(axis, Normalized(view.RayInWorld(x, y))));
  }
  const double half_angle = std::acos(std::clamp(cosine, -1.0, 1.0)) + 1e-3;
  std::vector<int> solids;
  for (size_t s = 0; s < geometry.solids.size(); ++s) {
    const Solid& solid = geometry.solids[s];
    const Vec3d to = solid.center - view.world_from_cam.translation;
    const double distance = Norm(to);
    if (distance > solid.radius) {
      const double reach = half_angle + std::asin(solid.radius / distance);
      const double angle = std::acos(std::clamp(Dot(to, axis) / distance, -1.0, 1.0));
      if (angle > reach) continue;
    }
    solids.push_back(static_cast<int>(s));
  }
  return solids;
}

class ScenePainter {
 public:
  ScenePainter(
      const View& view, const Geometry& geometry, const BodyPixels& bodies, Draw what, Layers* layers)
      : view_(view), geometry_(geometry), bodies_(bodies), what_(what), layers_(layers) {}

  void PaintTile(int x0, int y0) {
    const int x1 = std::min(x0 + kTile, view_.sensor.width), y1 = std::min(y0 + kTile, view_.sensor.height);
    if (what_ == Draw::kPeopleOnly && !AnyBody(x0, y0, x1, y1)) return;
    const std::vector<int> candidates = SolidsInTile(view_, geometry_, x0, y0);
    for (int y = y0; y < y1; ++y) {
      for (int x = x0; x < x1; ++x) {
        if (what_ != Draw::kPeopleOnly || bodies_.person.At(x, y) != 0) PaintPixel(candidates, x, y);
      }
    }
  }

 private:
  bool AnyBody(int x0, int y0, int x1, int y1) const {
    for (int y = y0; y < y1; ++y) {
      for (int x = x0; x < x1; ++x) {
        if (bodies_.person.At(x, y) != 0) return true;
      }
    }
    return false;
  }

  void PaintPixel(const std::vector<int>& candidates, int x, int y) {
    const Vec3d ray = view_.RayInWorld(x, y);
    const RayHit hit = geometry_.CastAmong(candidates, view_.world_from_cam.translation, ray, kFar);
    const double body_depth = bodies_.depth_m.At(x, y);
    const bool is_body = bodies_.person.At(x, y) != 0 && !(hit.hit() && hit.distance < body_depth);
    if (is_body) {
      layers_->person.At(x, y) = bodies_.person.At(x, y);
      layers_->depth_m.At(x, y) = bodies_.depth_m.At(x, y);
    } else if (hit.hit() && what_ != Draw::kPeopleOnly) {
      layers_->depth_m.At(x, y) = static_cast<float>(hit.distance);
    }
    if (what_ == Draw::kColor) PaintColor(x, y, ray, hit, is_body);
  }

  void PaintColor(int x, int y, const Vec3d& ray, const RayHit& hit, bool is_body) {
    Vec3f color;
    if (is_body) {
      color = {bodies_.color.At(x, y, 0), bodies_.color.At(x, y, 1), bodies_.color.At(x, y, 2)};
    } else if (hit.hit()) {
      const Vec3d point = view_.world_from_cam.translation + hit.distance * ray;
      const Vec3d normal = geometry_.solids[hit.solid].faces[hit.face].normal;
      const double slant = std::max(0.05, std::fabs(Dot(normal, ray)) / Norm(ray));
      // Between the footprint across and along the view, which differ by 1 / slant.
      const double footprint = hit.distance / view_.sensor.pinhole.focal_px / std::sqrt(slant);
      color = SurfaceColor(geometry_, hit, point, footprint);
    } else {
      color = SkyColor(ray, geometry_.solids[0].material.seed);
    }
    for (int c = 0; c < 3; ++c) {
      layers_->color.At(x, y, c) = static_cast<uint8_t>(std::clamp(color[c] * 255.0F + 0.5F, 0.0F, 255.0F));
    }
  }

  const View& view_;
  const Geometry& geometry_;
  const BodyPixels& bodies_;
  Draw what_;
  Layers* layers_;
};

}  // namespace

Vec3d View::RayInWorld(double x, double y) const {
  const Vec3d through = Unproject(sensor.pinhole, Vec2d{x, y});
  const bool is_pinhole = sensor.lens.k1 == 0 && sensor.lens.k2 == 0;
  const Vec2d straight = is_pinhole ? Vec2d{through[0], through[1]}
                                    : Undistort(sensor.lens, Vec2d{through[0], through[1]});
  return Rotate(world_from_cam.rotation, Vec3d{straight[0], straight[1], 1});
}

std::vector<Vec3f> VertexColors(const BodyModel& body, const Clothing& clothing) {
  const bool long_sleeves = clothing.seed % 2 == 0;
  const Vec3d head = body.joint_template_m[kHead];
  std::vector<Vec3f> colors(body.num_vertices);
  for (int v = 0; v < body.num_vertices; ++v) {
    const int joint = body.skin_joints[static_cast<size_t>(body.skin_width) * v];  // Largest weight first.
    const Vec3f& rest = body.template_m[v];
    const Vec3f* base = &clothing.shirt;
    bool cloth = true;
    switch (joint) {
      case kPelvis:
      case kLeftHip:
      case kRightHip:
      case kLeftKnee:
      case kRightKnee:
        base = &clothing.trousers;
        break;
      case kLeftAnkle:
      case kRightAnkle:
      case kLeftFoot:
      case kRightFoot:
        base = &clothing.shoes;
        break;
      case kHead:
        cloth = false;
        base = rest[1] > head[1] + 0.1 || (rest[2] < head[2] - 0.02 && rest[1] > head[1] - 0.03)
                   ? &clothing.hair
                   : &clothing.skin;
        break;
      case kNeck:
      case kLeftWrist:
      case kRightWrist:
      case kLeftHand:
      case kRightHand:
        cloth = false;
        base = &clothing.skin;
        break;
      case kLeftElbow:
      case kRightElbow:
        cloth = long_sleeves;
        base = long_sleeves ? &clothing.shirt : &clothing.skin;
        break;
      default:
        break;
    }
    colors[v] = cloth ? ClothGain(rest, clothing.seed) * *base : *base;
  }
  return colors;
}

Layers DrawView(const View& view,
                const Geometry& geometry,
                const BodyModel& body,
                const std::vector<std::vector<Vec3d>>& vertices_in_world,
                const std::vector<std::vector<Vec3f>>& vertex_colors,
                Draw what) {
  const int width = view.sensor.width, height = view.sensor.height;
  BodyPixels bodies;
  bodies.depth_m = ImageF(width, height, 1, static_cast<float>(kFar));
  bodies.person = ImageU8(width, height);
  if (what == Draw::kColor) bodies.color = ImageF(width, height, 3);
  Layers layers;
  layers.person = ImageU8(width, height);
  layers.depth_m = ImageF(width, height);
  if (what == Draw::kColor) layers.color = ImageU8(width, height, 3);
  layers.drawn_pixels.assign(vertices_in_world.size(), 0);
  for (size_t p = 0; p < vertices_in_world.size(); ++p) {
    const std::vector<Vec3d>& vertices = vertices_in_world[p];
    const std::vector<Vec3f> colors =
        what == Draw::kColor ? Lit(body, geometry, vertices, vertex_colors[p]) : std::vector<Vec3f>();
    DrawPerson(body, ToScreen(view, vertices), colors, static_cast<int>(p), &bodies, &layers.drawn_pixels[p]);
  }
  ScenePainter painter(view, geometry, bodies, what, &layers);
  for (int y = 0; y < height; y += kTile) {
    for (int x = 0; x < width; x += kTile) painter.PaintTile(x, y);
  }
  return layers;
}

}  // namespace foothold::synthetic
