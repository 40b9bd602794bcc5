// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "foothold/pipeline/report/facts.h"
#include "foothold/pipeline/report/html.h"
#include "foothold/pipeline/report/svg_plot.h"

namespace foothold::report {
namespace {

constexpr double kWidth = 640, kHeight = 480, kMargin = 34;
constexpr size_t kMostPoints = 2500;

// Horizontal axes of the map: `up` is where the first camera looks, less its part along y.
struct Axes {
  Vec3d right{1, 0, 0}, up{0, 0, 1};
};

Axes MapAxes(const Reconstruction& scene) {
  const Vec3d forward = Rotate(scene.world_from_cam.front().rotation, Vec3d{0, 0, 1});
  const double length = std::hypot(forward[0], forward[2]);
  Axes axes;
  if (length < 0.1) return axes;  // Looks straight down or up.
  axes.up = {forward[0] / length, 0, forward[2] / length};
  axes.right = {axes.up[2], 0, -axes.up[0]};
  return axes;
}

struct Map {
  Axes axes;
  double left_m, far_m, pixels_per_m;
  double offset_x, offset_y;
  double X(const Vec3d& p) const { return offset_x + (Dot(axes.right, p) - left_m) * pixels_per_m; }
  double Y(const Vec3d& p) const { return offset_y + (far_m - Dot(axes.up, p)) * pixels_per_m; }
  bool Inside(const Vec3d& p) const {
    return X(p) > 2 && X(p) < kWidth - 2 && Y(p) > 2 && Y(p) < kHeight - 2;
  }
};

std::vector<std::vector<Vec3d>> PeoplePaths(const labels::Label& label) {
  std::vector<std::vector<Vec3d>> paths;
  for (const PersonInWorld& person : label.reconstruction.people) {
    std::vector<Vec3d> path;
    for (const BodyPose& pose : person.body_in_world) path.push_back(pose.translation_m);
    paths.push_back(std::move(path));
  }
  return paths;
}

// Fits camera and people; scene points beyond are cut off, or far ones would shrink everything.
Map FitMap(const labels::Label& label, const std::vector<std::vector<Vec3d>>& paths) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Map map;
  map.axes = MapAxes(label.reconstruction);
  double x0 = kInfinity, x1 = -kInfinity, z0 = kInfinity, z1 = -kInfinity;
  const auto add = [&](const Vec3d& p) {
    const double x = Dot(map.axes.right, p), z = Dot(map.axes.up, p);
    x0 = std::min(x0, x), x1 = std::max(x1, x);
    z0 = std::min(z0, z), z1 = std::max(z1, z);
  };
  for (const Rigid3d& pose : label.reconstruction.world_from_cam) add(pose.translation);
  for (const auto& path : paths) {
    for (const Vec3d& p : path) add(p);
  }
  const double grow = 0.5 + 0.06 * std::max(x1 - x0, z1 - z0);
  x0 -= grow, x1 += grow, z0 -= grow, z1 += grow;
  map.pixels_per_m = std::min((kWidth - 2 * kMargin) / (x1 - x0), (kHeight - 2 * kMargin) / (z1 - z0));
  map.left_m = x0;
  map.far_m = z1;
  map.offset_x = (kWidth - (x1 - x0) * map.pixels_per_m) / 2;
  map.offset_y = (kHeight - (z1 - z0) * map.pixels_per_m) / 2;
  return map;
}

std::string Points(const labels::Label& label, const Map& map) {
  const auto& points = label.reconstruction.points;
  const size_t stride = std::max<size_t>(1, points.size() / kMostPoints);
  std::string path;
  for (size_t i = 0; i < points.size(); i += stride) {
    const Vec3d p = points[i].position_m.Cast<double>();
    if (map.Inside(p)) path += "M" + Number(map.X(p), 1) + " " + Number(map.Y(p), 1) + "h0";
  }
  return path.empty() ? "" : "<path class=\"points\" d=\"" + path + "\"/>";
}

std::string Path(const std::vector<Vec3d>& path, const Map& map, const std::string& color, double width) {
  std::string points;
  for (const Vec3d& p : path) points += Number(map.X(p), 1) + "," + Number(map.Y(p), 1) + " ";
  return "<polyline fill=\"none\" stroke=\"" + color + "\" stroke-width=\"" + Number(width, 1) +
         "\" stroke-linejoin=\"round\" stroke-linecap=\"round\" points=\"" + points + "\"/>";
}

std::string Dot(const Vec3d& p, const Map& map, const std::string& color, double radius) {
  return "<circle cx=\"" + Number(map.X(p), 1) + "\" cy=\"" + Number(map.Y(p), 1) + "\" r=\"" +
         Number(radius, 1) + "\" fill=\"" + color + "\"/>";
}

// The horizontal field of view at a few frames.
std::string ViewWedges(const labels::Label& label, const Map& map) {
  const Reconstruction& scene = label.reconstruction;
  const double half_width = 0.5 * label.clip.working_from_source.width / scene.pinhole.focal_px;
  const double length_m = 34 / map.pixels_per_m;
  const int num_frames = static_cast<int>(scene.world_from_cam.size());
  std::string svg;
  const int wedges = std::min(num_frames, PathLength(CameraPath(scene)) < 0.2 ? 1 : 6);
  for (int i = 0; i < wedges; ++i) {
    const Rigid3d& world_from_cam =
        scene.world_from_cam[wedges == 1 ? 0 : i * (num_frames - 1) / (wedges - 1)];
    const Vec3d left = world_from_cam * Vec3d{-half_width * length_m, 0, length_m};
    const Vec3d right = world_from_cam * Vec3d{half_width * length_m, 0, length_m};
    const Vec3d& apex = world_from_cam.translation;
    svg += "<polygon class=\"wedge\" points=\"" + Number(map.X(apex), 1) + "," + Number(map.Y(apex), 1) +
           " " + Number(map.X(left), 1) + "," + Number(map.Y(left), 1) + " " + Number(map.X(right), 1) + "," +
           Number(map.Y(right), 1) + "\"/>";
  }
  return svg;
}

std::string ScaleBar(const Map& map) {
  double length_m = 100;
  for (const double candidate : {50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1}) {
    if (length_m * map.pixels_per_m > kWidth / 4) length_m = candidate;
  }
  const double x1 = 16 + length_m * map.pixels_per_m;
  const std::string y = Number(kHeight - 14, 1);
  return "<path class=\"bar\" d=\"M16 " + y + "v-6m0 3H" + Number(x1, 1) + "m0 -3v6\"/><text x=\"" +
         Number(x1 + 6, 1) + "\" y=\"" + Number(kHeight - 13, 1) + "\">" +
         Number(length_m, length_m < 1 ? 1 : 0) + " m</text>";
}

}  // namespace

std::string TopDownPlot(const labels::Label& label) {
  if (label.reconstruction.world_from_cam.empty()) return "";
  const auto paths = PeoplePaths(label);
  const Map map = FitMap(label, paths);
  std::string svg =
      "<svg class=\"plot\" viewBox=\"0 0 640 480\" role=\"img\" aria-label=\"Camera and people "
      "from above\">" +
      Points(label, map) + ViewWedges(label, map);
  const std::vector<Vec3d> camera = CameraPath(label.reconstruction);
  svg += Path(camera, map, "currentColor", 3) + Dot(camera.front(), map, "currentColor", 5);
  std::string legend = "<span class=\"key\"><i style=\"background:currentColor\"></i>camera</span>";
  for (size_t k = 0; k < paths.size(); ++k) {
    const std::string color = HexColor(PersonColor(static_cast<int>(k)));
    if (paths[k].empty()) continue;
    svg += Path(paths[k], map, color, 2.5) + Dot(paths[k].front(), map, color, 4);
    legend += "<span class=\"key\"><i style=\"background:" + color + "\"></i>" +
              std::to_string(label.reconstruction.people[k].id) + "</span>";
  }
  return svg + ScaleBar(map) + "</svg><p class=\"legend\">" + legend +
         "<span class=\"key\">dot: first frame</span></p>";
}

}  // namespace foothold::report
