// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/student_trust.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "foothold/base/median.h"
#include "foothold/geometry/camera.h"

namespace foothold {
namespace {

constexpr size_t kMatchesPerPair = 100;  // Of thousands; the median needs no more.
constexpr double kSamePlace_m = 1e-9;
constexpr double kTimesWorse = 3;
constexpr double kShareOfDiagonal = 0.01;
constexpr double kBoxMargin = 0.25;
constexpr double kDistanceRatio = 2;

// A match, the first point at its observed depth in keyframe i.
struct SeenPoint {
  Vec3d in_i;
  Vec3d ray_j;
};

std::vector<SeenPoint> SeenPoints(const Observations& observations, const KeyframePair& pair) {
  const Pinholed& pinhole = observations.camera.pinhole;
  const ImageF& depth_m = observations.keyframes[pair.i].depth_m;
  const size_t step = std::max<size_t>(1, pair.matches.size() / kMatchesPerPair);
  std::vector<SeenPoint> points;
  for (size_t m = 0; m < pair.matches.size(); m += step) {
    const PixelMatch& match = pair.matches[m];
    const int x = std::clamp(static_cast<int>(std::lround(match.x_i)), 0, depth_m.width - 1);
    const int y = std::clamp(static_cast<int>(std::lround(match.y_i)), 0, depth_m.height - 1);
    const double depth = depth_m.At(x, y);
    if (depth > 0)
      points.push_back({depth * Unproject(pinhole, Vec2d{match.x_i, match.y_i}),
                        Unproject(pinhole, Vec2d{match.x_j, match.y_j})});
  }
  return points;
}

// What the depths of keyframe i have to be multiplied by for its points to be where keyframe j sees them.
double DepthScale(const Rigid3d& j_from_i, const std::vector<SeenPoint>& points) {
  std::vector<double> scales;
  for (const SeenPoint& point : points) {
    const Vec3d across = Cross(point.ray_j, Rotate(j_from_i.rotation, point.in_i));
    const double across2 = SquaredNorm(across);
    if (across2 > 0) scales.push_back(-Dot(across, Cross(point.ray_j, j_from_i.translation)) / across2);
  }
  return scales.empty() ? 1 : UpperMedian(std::move(scales));
}

}  // namespace

double MatchError(const Observations& observations, const std::vector<Rigid3d>& world_from_cam) {
  std::vector<double> errors;
  for (const KeyframePair& pair : observations.pairs) {
    const Rigid3d j_from_i = Inverse(world_from_cam[observations.keyframes[pair.j].frame]) *
                             world_from_cam[observations.keyframes[pair.i].frame];
    const std::vector<SeenPoint> points = SeenPoints(observations, pair);
    const double scale = Norm(j_from_i.translation) > kSamePlace_m ? DepthScale(j_from_i, points) : 1;
    for (const SeenPoint& point : points) {
      const Vec3d in_j = j_from_i * (scale * point.in_i);
      // Behind a camera: as far off as can be.
      const bool seen = scale > 0 && in_j[2] > 0;
      errors.push_back(
          seen ? std::hypot(in_j[0] / in_j[2] - point.ray_j[0], in_j[1] / in_j[2] - point.ray_j[1]) : 1);
    }
  }
  return errors.empty() ? 0 : observations.camera.pinhole.focal_px * UpperMedian(std::move(errors));
}

bool CamerasFitMatches(const Observations& observations, const std::vector<Rigid3d>& world_from_cam) {
  const ImageTransform& picture = observations.clip.working_from_source;
  const double tolerance_px = kShareOfDiagonal * std::hypot(picture.width, picture.height);
  const double seen_px = MatchError(observations, observations.camera.world_from_cam);
  return MatchError(observations, world_from_cam) <= std::max(tolerance_px, kTimesWorse * seen_px);
}

bool PlacesFitBoxes(const Observations& observations,
                    const PersonObservations& person,
                    const BodyModel& body,
                    const std::vector<Vec3d>& translation_m) {
  const Vec3d rest_pelvis_m = RestPelvis(body, person.shape);
  const Pinholed& pinhole = observations.camera.pinhole;
  size_t num_good = 0;
  for (size_t i = 0; i < person.frames.size(); ++i) {
    const Vec3d pelvis_m = rest_pelvis_m + translation_m[i];
    const double seen_m = rest_pelvis_m[2] + person.frames[i].body_in_cam.translation_m[2];
    if (!(pelvis_m[2] * kDistanceRatio >= seen_m && pelvis_m[2] <= kDistanceRatio * seen_m)) continue;
    const double x_px = pinhole.center_x_px + pinhole.focal_px * pelvis_m[0] / pelvis_m[2];
    const double y_px = pinhole.center_y_px + pinhole.focal_px * pelvis_m[1] / pelvis_m[2];
    const Box& box = person.frames[i].box_px;
    const double margin_x = kBoxMargin * box.width, margin_y = kBoxMargin * box.height;
    const bool inside = x_px >= box.x - margin_x && x_px <= box.x + box.width + margin_x &&
                        y_px >= box.y - margin_y && y_px <= box.y + box.height + margin_y;
    if (inside) ++num_good;
  }
  return 2 * num_good > person.frames.size();
}

}  // namespace foothold
