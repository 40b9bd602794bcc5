// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/sights.h"

#include <algorithm>
#include <cmath>

#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

constexpr double kMaxSilhouetteRatio = 1.2;  // Silhouette height over box height, or its inverse.
constexpr double kBorderShare = 0.01;        // Of the image: a box this close to the border may be cut.
constexpr double kMaxDepthM = 150;

bool IsWhole(const Silhouette& silhouette, const Box& box) {
  if (!silhouette.valid || silhouette.at_border || !(box.height > 0)) return false;
  const double ratio = (silhouette.foot_y_px - silhouette.head_y_px) / box.height;
  return ratio > 1 / kMaxSilhouetteRatio && ratio < kMaxSilhouetteRatio;
}

Vec3d UpInCamera(const PlacementScene& scene, int frame) {
  return Rotate(Conjugate((*scene.world_from_cam)[frame].rotation), scene.ground.up_in_world);
}

}  // namespace

std::vector<Sight> SightsOf(const PersonTrack& track,
                            const std::vector<Silhouette>& silhouettes,
                            const Clip& clip) {
  std::vector<double> foot_shift, head_shift;
  for (size_t i = 0; i < track.frames.size() && i < silhouettes.size(); ++i) {
    const Box& box = track.boxes_px[i];
    if (!IsWhole(silhouettes[i], box)) continue;
    foot_shift.push_back((silhouettes[i].foot_y_px - (box.y + box.height)) / box.height);
    head_shift.push_back((silhouettes[i].head_y_px - box.y) / box.height);
  }
  const bool shifted = foot_shift.size() >= 5;
  const double foot = shifted ? Median(foot_shift) : 0, head = shifted ? Median(head_shift) : 0;
  const double margin_x = kBorderShare * clip.working_from_source.source_width;
  const double margin_y = kBorderShare * clip.working_from_source.source_height;
  std::vector<Sight> sights;
  for (size_t i = 0; i < track.frames.size(); ++i) {
    const Box& box = track.boxes_px[i];
    Sight sight;
    sight.frame = track.frames[i];
    sight.time_s = clip.time_s[sight.frame];
    const double x = box.x + 0.5 * box.width;
    sight.foot_px = {x, box.y + (1 + foot) * box.height};
    sight.head_px = {x, box.y + head * box.height};
    sight.inside = box.x > margin_x && box.y > margin_y &&
                   box.x + box.width < clip.working_from_source.source_width - margin_x &&
                   box.y + box.height < clip.working_from_source.source_height - margin_y;
    if (i < silhouettes.size() && IsWhole(silhouettes[i], box)) {
      const Silhouette& s = silhouettes[i];
      sight.foot_px = {s.foot_x_px, s.foot_y_px};
      sight.head_px = {s.head_x_px, s.head_y_px};
      sight.measured = true;
    }
    sights.push_back(sight);
  }
  return sights;
}

std::vector<Vec3d> FeetInCamera(const std::vector<Sight>& sights,
                                const PlacementScene& scene,
                                double stature_m,
                                const BodyOptions& options) {
  std::vector<double> time_s, log_depth;
  std::vector<size_t> index;
  for (size_t i = 0; i < sights.size(); ++i) {
    const Vec3d foot = scene.view->RayFromSource(sights[i].foot_px);
    const Vec3d head = scene.view->RayFromSource(sights[i].head_px);
    const Rigid3d& world_from_cam = (*scene.world_from_cam)[sights[i].frame];
    const double depth = scene.depth_from_plane
                             ? PlaneDepth(scene.ground, world_from_cam, foot)
                             : DepthFromHeight(foot, head, UpInCamera(scene, sights[i].frame), stature_m);
    if (!(depth > 0.2 && depth < kMaxDepthM)) continue;
    time_s.push_back(sights[i].time_s);
    log_depth.push_back(std::log(depth));
    index.push_back(i);
  }
  std::vector<Vec3d> feet(sights.size(), Vec3d{0, 0, 0});
  if (index.empty()) return feet;
  const std::vector<double> smooth = SmoothOverTime(time_s, log_depth, options.smooth_s);
  for (size_t k = 0; k < index.size(); ++k) {
    const size_t i = index[k];
    Vec3d ray = scene.view->RayFromSource(sights[i].foot_px);
    const Rigid3d& world_from_cam = (*scene.world_from_cam)[sights[i].frame];
    const double depth = std::exp(smooth[k]);
    feet[i] = depth * ray;
    if (!scene.depth_from_plane) continue;
    // Back onto the plane, which the smoothed depth left: along the vertical.
    const Vec3d up = UpInCamera(scene, sights[i].frame);
    feet[i] = feet[i] - HeightAbove(scene.ground, world_from_cam * feet[i]) * up;
  }
  return feet;
}

PersonObservations PlacePerson(const PersonTrack& track,
                               const std::vector<Sight>& sights,
                               const PlacementScene& scene,
                               const UprightBody& body,
                               const std::vector<int>& keyframes,
                               const BodyOptions& options) {
  const std::vector<Vec3d> feet = FeetInCamera(sights, scene, body.stature_m, options);
  std::vector<double> time_s;
  std::vector<Vec3d> in_world;
  std::vector<size_t> index;
  for (size_t i = 0; i < sights.size(); ++i) {
    if (!(feet[i][2] > 0)) continue;
    index.push_back(i);
    time_s.push_back(sights[i].time_s);
    in_world.push_back((*scene.world_from_cam)[sights[i].frame] * feet[i]);
  }
  PersonObservations person;
  person.id = track.id;
  person.shape = body.shape;
  person.flags = track.flags;
  person.flags.push_back("pose_unobserved");
  if (index.empty()) return person;
  const Rigid3d& first = (*scene.world_from_cam)[sights[index[0]].frame];
  const std::vector<Vec3d> headings = HeadingsFromMotion(
      time_s, in_world, scene.ground.up_in_world, first.translation - in_world[0], options);
  for (size_t k = 0; k < index.size(); ++k) {
    const Sight& sight = sights[index[k]];
    const Quatd cam_from_world = Conjugate((*scene.world_from_cam)[sight.frame].rotation);
    PersonFrame frame;
    frame.frame = sight.frame;
    frame.box_px = scene.view->BoxFromSource(track.boxes_px[index[k]]);
    frame.confidence = std::clamp(track.scores[index[k]], 0.0f, 1.0f);
    frame.body_in_cam = StandAt(body,
                                feet[index[k]],
                                Rotate(cam_from_world, scene.ground.up_in_world),
                                Rotate(cam_from_world, headings[k]));
    person.frames.push_back(frame);
  }
  person.contacts = SoleContacts(body, person.frames, keyframes);
  return person;
}

}  // namespace foothold
