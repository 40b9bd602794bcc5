// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/student_view.h"

#include <algorithm>
#include <cmath>

namespace foothold {
namespace {

// From the corner of the picture, where boxes count from, to the centre of its first pixel.
constexpr double kCentre_px = 0.5;

}  // namespace

ImageTransform MakeStudentView(int working_width, int working_height, int width, int height) {
  ImageTransform view;
  view.source_width = working_width;
  view.source_height = working_height;
  view.width = width;
  view.height = height;
  const double scale =
      std::max(static_cast<double>(width) / working_width, static_cast<double>(height) / working_height);
  view.scale_x = view.scale_y = scale;
  view.offset_x_px = 0.5 * ((width - 1) - scale * (working_width - 1));
  view.offset_y_px = 0.5 * ((height - 1) - scale * (working_height - 1));
  return view;
}

Pinholed InStudentView(const Pinholed& pinhole, const ImageTransform& view) {
  return {pinhole.focal_px * view.scale_x,
          pinhole.center_x_px * view.scale_x + view.offset_x_px,
          pinhole.center_y_px * view.scale_y + view.offset_y_px};
}

Box InStudentView(const Box& box_px, const ImageTransform& view) {
  const auto corner = [](double at, double scale, double offset_px) {
    return static_cast<float>(scale * (at - kCentre_px) + offset_px + kCentre_px);
  };
  return {corner(box_px.x, view.scale_x, view.offset_x_px),
          corner(box_px.y, view.scale_y, view.offset_y_px),
          static_cast<float>(box_px.width * view.scale_x),
          static_cast<float>(box_px.height * view.scale_y)};
}

double VisibleShare(const Box& box_px, int width, int height) {
  const double area = static_cast<double>(box_px.width) * box_px.height;
  if (!(area > 0)) return 0;
  const auto inside = [](double low, double size, double side) {
    return std::max(0.0, std::min(low + size, side) - std::max(low, 0.0));
  };
  return inside(box_px.x, box_px.width, width) * inside(box_px.y, box_px.height, height) / area;
}

ImageU8 Undistort(const ImageU8& working, const Pinholed& pinhole, const RadialDistortiond& lens) {
  if (lens.k1 == 0 && lens.k2 == 0) return working;
  ImageU8 undistorted(working.width, working.height, working.channels);
  for (int y = 0; y < working.height; ++y) {
    for (int x = 0; x < working.width; ++x) {
      const Vec3d ray = Unproject(pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const Vec2d bent = Distort(lens, Vec2d{ray[0], ray[1]});
      const Vec2d at = Project(pinhole, Vec3d{bent[0], bent[1], 1});
      // Written so that what is not a number counts as outside.
      if (!(at[0] >= 0 && at[1] >= 0 && at[0] <= working.width - 1 && at[1] <= working.height - 1)) continue;
      const int left = std::min(static_cast<int>(at[0]), working.width - 2);
      const int top = std::min(static_cast<int>(at[1]), working.height - 2);
      const double u = at[0] - left, v = at[1] - top;
      for (int c = 0; c < working.channels; ++c) {
        const double above = (1 - u) * working.At(left, top, c) + u * working.At(left + 1, top, c);
        const double below = (1 - u) * working.At(left, top + 1, c) + u * working.At(left + 1, top + 1, c);
        undistorted.At(x, y, c) = static_cast<uint8_t>((1 - v) * above + v * below + 0.5);
      }
    }
  }
  return undistorted;
}

ImageF NearestInStudentView(const ImageF& undistorted, const ImageTransform& view) {
  ImageF seen(view.width, view.height);
  for (int y = 0; y < view.height; ++y) {
    const int source_y = static_cast<int>(std::floor((y - view.offset_y_px) / view.scale_y + 0.5));
    for (int x = 0; x < view.width; ++x) {
      const int source_x = static_cast<int>(std::floor((x - view.offset_x_px) / view.scale_x + 0.5));
      if (undistorted.Contains(source_x, source_y)) seen.At(x, y) = undistorted.At(source_x, source_y);
    }
  }
  return seen;
}

}  // namespace foothold
