// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/rigid_tracks.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace foothold {
namespace {

enum class Motion { kRigid, kMoving, kUnknown };

// One followed point at the keyframes, as seen by the reconstructed cameras.
struct PointViews {
  std::vector<Rigid3d> world_from_cam;
  std::vector<Vec2d> pixels;  // Square pixels.
};

Motion MotionOf(const PointViews& views, const LensModel& lens, const RigidOptions& options) {
  std::vector<Vec3d> origins, directions;
  for (size_t i = 0; i < views.pixels.size(); ++i) {
    const Rigid3d& pose = views.world_from_cam[i];
    origins.push_back(pose.translation);
    directions.push_back(Normalized(Rotate(pose.rotation, RayOfPixel(lens, views.pixels[i]))));
  }
  const Vec3d point = IntersectRays(origins, directions);
  double widest = 0;
  for (size_t i = 0; i < views.pixels.size(); ++i) {
    const Vec3d in_cam = Inverse(views.world_from_cam[i]) * point;
    if (!(in_cam[2] > 1e-6)) return Motion::kMoving;
    if (!(Norm(ProjectWithLens(lens, in_cam) - views.pixels[i]) < options.max_error_px))
      return Motion::kMoving;
    const Vec3d& first = directions.front();
    widest = std::max(widest, std::atan2(Norm(Cross(first, directions[i])), Dot(first, directions[i])));
  }
  return widest * 180 / std::numbers::pi >= options.min_parallax_deg ? Motion::kRigid : Motion::kUnknown;
}

PointViews ViewsOf(const FeatureTrack& feature,
                   const std::vector<int>& keyframes,
                   const CameraSolution& cameras,
                   const SquarePixels& square) {
  PointViews views;
  for (const int keyframe : keyframes) {
    if (!feature.Sees(keyframe)) continue;
    views.world_from_cam.push_back(cameras.world_from_cam[keyframe]);
    views.pixels.push_back(square.FromAnalysis(feature.At(keyframe)));
  }
  return views;
}

}  // namespace

std::vector<RigidEvidence> MeasureRigidity(const ClipFrames& frames,
                                           const std::vector<PersonTrack>& tracks,
                                           const std::vector<int>& keyframes,
                                           const CameraSolution& cameras,
                                           const KltOptions& features,
                                           const RigidOptions& options) {
  const SquarePixels square(frames);
  std::vector<RigidEvidence> evidence(tracks.size());
  for (const FeatureTrack& feature : TrackBodyFeatures(frames, tracks, keyframes, features)) {
    const PointViews views = ViewsOf(feature, keyframes, cameras, square);
    if (static_cast<int>(views.pixels.size()) < options.min_keyframes) continue;
    const Motion motion = MotionOf(views, cameras.lens, options);
    if (motion == Motion::kUnknown) continue;
    const Vec2f& start = feature.positions_px.front();
    for (size_t t = 0; t < tracks.size(); ++t) {
      const Box* box_px = BoxAt(tracks[t], feature.first_frame);
      if (box_px == nullptr) continue;
      if (!Contains(BodyBox(frames.AnalysisFromSource(*box_px)), start)) continue;
      ++evidence[t].num_points;
      evidence[t].num_rigid += motion == Motion::kRigid ? 1 : 0;
    }
  }
  return evidence;
}

bool IsRigid(const RigidEvidence& evidence, const RigidOptions& options) {
  return evidence.num_points >= options.min_points &&
         evidence.num_rigid > options.max_rigid_share * evidence.num_points;
}

void DropRigidTracks(const std::vector<RigidEvidence>& evidence,
                     const RigidOptions& options,
                     std::vector<PersonTrack>* tracks) {
  std::vector<PersonTrack> moving;
  for (size_t t = 0; t < tracks->size(); ++t) {
    if (!IsRigid(evidence[t], options)) moving.push_back((*tracks)[t]);
  }
  if (!moving.empty()) *tracks = std::move(moving);
}

const OptionTable& RigidOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<RigidOptions>("classical_rigid",
                                       "Tracks that follow a piece of the scene (classical perception).")
          .Add("min_keyframes",
               &RigidOptions::min_keyframes,
               3,
               1000,
               "Keyframes that a point on a body must be followed through to say anything.")
          .Add("max_error_px",
               &RigidOptions::max_error_px,
               0.1,
               100,
               "Reprojection error below which a point is fixed in space.")
          .Add("min_parallax_deg",
               &RigidOptions::min_parallax_deg,
               0.01,
               90,
               "Angle between the rays of a fixed point below which it says nothing.")
          .Add("min_points",
               &RigidOptions::min_points,
               1,
               100000,
               "Points on a body below which its track is kept.")
          .Add("max_rigid_share",
               &RigidOptions::max_rigid_share,
               0.0,
               1.0,
               "Share of fixed points on a body above which its track is dropped; 1 keeps all.")
          .Build();
  return table;
}

}  // namespace foothold
