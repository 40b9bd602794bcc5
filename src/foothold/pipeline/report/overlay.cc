// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/overlay.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "foothold/pipeline/report/html.h"
#include "foothold/pipeline/report/mesh_raster.h"
#include "foothold/video/video.h"

namespace foothold::report {
namespace {

constexpr double kNearest_m = 0.1;  // Bodies closer than this are not drawn.

cv::Mat AsMat(ImageU8* image) { return cv::Mat(image->height, image->width, CV_8UC3, image->data.data()); }

int EntryOfFrame(const PersonInWorld& person, int frame) {
  const auto it = std::lower_bound(person.frames.begin(), person.frames.end(), frame);
  return it != person.frames.end() && *it == frame ? static_cast<int>(it - person.frames.begin()) : -1;
}

// Vertices as picture pixels with depth; NaN depth where a vertex cannot be drawn.
std::vector<RasterVertex> ProjectBody(const labels::Label& label,
                                      const std::vector<Vec3d>& vertices_in_cam,
                                      const ImageU8& picture) {
  const ImageTransform& transform = label.clip.working_from_source;
  const double scale_x = double(picture.width) / transform.source_width;
  const double scale_y = double(picture.height) / transform.source_height;
  std::vector<RasterVertex> projected(vertices_in_cam.size());
  for (size_t i = 0; i < vertices_in_cam.size(); ++i) {
    Vec2d source_px;
    const bool visible = ProjectToSource(label, vertices_in_cam[i], &source_px);
    projected[i].x_in_cam = vertices_in_cam[i];
    projected[i].visible = visible;
    if (!visible) continue;
    projected[i].x_px = (source_px[0] + 0.5) * scale_x - 0.5;
    projected[i].y_px = (source_px[1] + 0.5) * scale_y - 0.5;
  }
  return projected;
}

void WriteName(const std::string& text, const Rgb& color, double x_px, double y_px, ImageU8* picture) {
  cv::Mat mat = AsMat(picture);
  const double scale = std::max(0.4, picture->width / 1600.0);
  int baseline = 0;
  const cv::Size size = cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, 1, &baseline);
  const int x =
      std::clamp(static_cast<int>(x_px) - size.width / 2, 2, std::max(2, picture->width - size.width - 2));
  const int y =
      std::clamp(static_cast<int>(y_px) - 5, size.height + 3, std::max(size.height + 3, picture->height - 3));
  cv::rectangle(mat,
                cv::Rect(x - 3, y - size.height - 3, size.width + 6, size.height + 6),
                cv::Scalar(color[0], color[1], color[2]),
                cv::FILLED);
  cv::putText(mat, text, {x, y}, cv::FONT_HERSHEY_SIMPLEX, scale, cv::Scalar(255, 255, 255), 1, cv::LINE_AA);
}

}  // namespace

ImageU8 ResizeToWidth(const ImageU8& source, int width_px) {
  const int width = std::min(width_px, source.width);
  const int height = std::max(1, static_cast<int>(std::lround(double(source.height) * width / source.width)));
  if (width == source.width) return source;
  ImageU8 resized(width, height, 3);
  cv::Mat target = AsMat(&resized);
  cv::resize(AsMat(const_cast<ImageU8*>(&source)), target, target.size(), 0, 0, cv::INTER_AREA);
  return resized;
}

bool ProjectToSource(const labels::Label& label, const Vec3d& x_in_cam, Vec2d* source_px) {
  if (!(x_in_cam[2] > kNearest_m)) return false;
  const Reconstruction& scene = label.reconstruction;
  const Vec2d normalized{x_in_cam[0] / x_in_cam[2], x_in_cam[1] / x_in_cam[2]};
  const double r2 = SquaredNorm(normalized);
  if (!(1 + r2 * (3 * scene.distortion.k1 + 5 * scene.distortion.k2 * r2) > 0.05)) return false;
  const Vec2d bent = Distort(scene.distortion, normalized);
  const ImageTransform& transform = label.clip.working_from_source;
  const double x_working = scene.pinhole.focal_px * bent[0] + scene.pinhole.center_x_px;
  const double y_working = scene.pinhole.focal_px * bent[1] + scene.pinhole.center_y_px;
  *source_px = {(x_working - transform.offset_x_px) / transform.scale_x,
                (y_working - transform.offset_y_px) / transform.scale_y};
  return true;
}

void DrawBodies(const labels::Label& label, const BodyModel& body, int frame, ImageU8* picture_rgb) {
  const Reconstruction& scene = label.reconstruction;
  const Rigid3d cam_from_world = Inverse(scene.world_from_cam.at(frame));
  MeshRaster raster(picture_rgb->width, picture_rgb->height);
  struct Name {
    std::string text;
    int person;
    double x_px, y_px, depth_m;
  };
  std::vector<Name> names;
  for (size_t k = 0; k < scene.people.size(); ++k) {
    const PersonInWorld& person = scene.people[k];
    const int entry = EntryOfFrame(person, frame);
    if (entry < 0) continue;
    std::vector<Vec3d> vertices = PoseAllVertices(body, person.shape, person.body_in_world[entry]);
    for (Vec3d& x : vertices) x = cam_from_world * x;
    const std::vector<RasterVertex> projected = ProjectBody(label, vertices, *picture_rgb);
    raster.Add(projected, body.faces, static_cast<int>(k));
    const auto top = std::min_element(projected.begin(), projected.end(), [](const auto& a, const auto& b) {
      return a.visible != b.visible ? a.visible : a.y_px < b.y_px;
    });
    if (top != projected.end() && top->visible && top->x_px > 0 && top->x_px < picture_rgb->width) {
      names.push_back(
          {std::to_string(person.id), static_cast<int>(k), top->x_px, top->y_px, top->x_in_cam[2]});
    }
  }
  raster.Blend(0.68, picture_rgb);
  std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.depth_m > b.depth_m; });
  for (const Name& name : names)
    WriteName(name.text, PersonColor(name.person), name.x_px, name.y_px, picture_rgb);
}

std::vector<FramePicture> MakeOverlays(const labels::Label& label,
                                       const std::string& video_path,
                                       const BodyModel& body,
                                       int count,
                                       int width_px) {
  const int num_frames = label.clip.num_frames();
  count = std::min(count, num_frames);
  Clip clip = label.clip;
  if (!video_path.empty()) clip.source_path = video_path;
  FrameReader reader(clip);
  std::vector<FramePicture> pictures;
  ImageU8 source;
  for (int frame = 0; frame < num_frames && static_cast<int>(pictures.size()) < count; ++frame) {
    if (!reader.Next(&source)) break;
    if (frame != static_cast<int>((pictures.size() + 0.5) * num_frames / count)) continue;
    FramePicture picture{frame, ResizeToWidth(source, width_px)};
    DrawBodies(label, body, frame, &picture.rgb);
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

}  // namespace foothold::report
