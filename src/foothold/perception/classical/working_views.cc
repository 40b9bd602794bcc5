// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/working_views.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "foothold/perception/classical/image_cv.h"

namespace foothold {

WorkingView::WorkingView(const ImageTransform& transform, const LensModel& lens, double square_from_source)
    : distortion{lens.k1, 0}, working_from_source(transform) {
  pinhole.focal_px = lens.focal_px / square_from_source * 0.5 * (transform.scale_x + transform.scale_y);
  pinhole.center_x_px = transform.scale_x * 0.5 * (transform.source_width - 1) + transform.offset_x_px;
  pinhole.center_y_px = transform.scale_y * 0.5 * (transform.source_height - 1) + transform.offset_y_px;
}

Vec3d WorkingView::RayFromSource(const Vec2d& source_px) const {
  const ImageTransform& t = working_from_source;
  const Vec3d distorted = Unproject(
      pinhole, Vec2d{t.scale_x * source_px[0] + t.offset_x_px, t.scale_y * source_px[1] + t.offset_y_px});
  const Vec2d x = Undistort(distortion, Vec2d{distorted[0], distorted[1]});
  return {x[0], x[1], 1};
}

Vec2d WorkingView::WorkingFromSource(const Vec2d& source_px) const {
  return Project(pinhole, RayFromSource(source_px));
}

Box WorkingView::BoxFromSource(const Box& source_px) const {
  const double x = source_px.x, y = source_px.y, w = source_px.width, h = source_px.height;
  const double left = WorkingFromSource({x, y + h / 2})[0], right = WorkingFromSource({x + w, y + h / 2})[0];
  const double top = WorkingFromSource({x + w / 2, y})[1], bottom = WorkingFromSource({x + w / 2, y + h})[1];
  return {static_cast<float>(left),
          static_cast<float>(top),
          static_cast<float>(right - left),
          static_cast<float>(bottom - top)};
}

KeyframeImages UndistortKeyframe(const ClipFrames& frames,
                                 int frame,
                                 const ImageU8& exclude_analysis,
                                 const WorkingView& view) {
  const ImageTransform& t = view.working_from_source;
  KeyframeImages images;
  images.color = ImageU8(t.width, t.height, 3);
  images.gray = ImageU8(t.width, t.height);
  images.exclude = ImageU8(t.width, t.height, 1, 255);
  // From the undistorted pixel to the working image and to the analysis image.
  cv::Mat working_x(t.height, t.width, CV_32F), working_y = working_x.clone();
  cv::Mat analysis_x = working_x.clone(), analysis_y = working_x.clone();
  for (int y = 0; y < t.height; ++y) {
    for (int x = 0; x < t.width; ++x) {
      const Vec3d ray = Unproject(view.pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const Vec2d distorted = Distort(view.distortion, Vec2d{ray[0], ray[1]});
      const double wx = view.pinhole.focal_px * distorted[0] + view.pinhole.center_x_px;
      const double wy = view.pinhole.focal_px * distorted[1] + view.pinhole.center_y_px;
      working_x.at<float>(y, x) = static_cast<float>(wx);
      working_y.at<float>(y, x) = static_cast<float>(wy);
      const double sx = (wx - t.offset_x_px) / t.scale_x, sy = (wy - t.offset_y_px) / t.scale_y;
      analysis_x.at<float>(y, x) = static_cast<float>(frames.scale_x() * sx + frames.offset_x_px());
      analysis_y.at<float>(y, x) = static_cast<float>(frames.scale_y() * sy + frames.offset_y_px());
      const bool inside = sx >= -0.5 && sy >= -0.5 && sx <= t.source_width - 0.5 &&
                          sy <= t.source_height - 0.5 && wx >= -0.5 && wy >= -0.5 && wx <= t.width - 0.5 &&
                          wy <= t.height - 0.5;
      if (inside) images.exclude.At(x, y) = 0;
    }
  }
  cv::Mat color = AsMat(images.color), gray = AsMat(images.gray);
  cv::remap(AsMat(frames.WorkingRgb(frame)),
            color,
            working_x,
            working_y,
            cv::INTER_LINEAR,
            cv::BORDER_CONSTANT,
            cv::Scalar(0));
  cv::cvtColor(color, gray, cv::COLOR_RGB2GRAY);
  images.person_mask = ImageU8(t.width, t.height);
  if (!exclude_analysis.empty()) {
    cv::Mat people = AsMat(images.person_mask);
    cv::remap(
        AsMat(exclude_analysis), people, analysis_x, analysis_y, cv::INTER_NEAREST, cv::BORDER_CONSTANT);
    cv::Mat exclude = AsMat(images.exclude);
    cv::max(exclude, people, exclude);
  }
  return images;
}

}  // namespace foothold
