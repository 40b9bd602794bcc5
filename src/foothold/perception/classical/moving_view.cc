// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/assembly.h"
#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

// Limits behind the flags; the scale's were set after seeing one clip.
constexpr double kMaxPersonSpread = 0.04;
constexpr double kMaxTrend = 0.03;
constexpr double kMaxDisagreement = 0.10;
constexpr double kMaxSpeed = 3;  // m/s.

// Body depth over ground depth, from unsmoothed boxes at the keyframes.
ContactScale MeasureScale(const ClipEvidence& evidence,
                          const WorkingView& view,
                          const std::vector<Rigid3d>& world_from_cam,
                          const GroundPlane& ground,
                          const std::vector<std::vector<Sight>>& sights) {
  std::vector<PersonScale> people;
  for (size_t t = 0; t < sights.size(); ++t) {
    PersonScale person;
    person.person = static_cast<int>(t);
    for (const Sight& sight : sights[t]) {
      if (!sight.inside) continue;
      if (!std::binary_search(evidence.keyframes.begin(), evidence.keyframes.end(), sight.frame)) continue;
      const Vec3d foot = view.RayFromSource(sight.foot_px), head = view.RayFromSource(sight.head_px);
      const Rigid3d& pose = world_from_cam[sight.frame];
      const Vec3d up = Rotate(Conjugate(pose.rotation), ground.up_in_world);
      const double in_metres = DepthFromHeight(foot, head, up, evidence.options.metrology.stature_m);
      const double in_world = PlaneDepth(ground, pose, foot);
      if (!(in_metres > 0 && in_world > 0)) continue;
      person.time_s.push_back(sight.time_s);
      person.ratios.push_back(in_metres / in_world);
    }
    people.push_back(std::move(person));
  }
  return SummarizeScales(std::move(people));
}

void FlagScale(const ContactScale& scale,
               const std::vector<PersonTrack>& tracks,
               Observations* observations) {
  for (const PersonScale& person : scale.people) {
    if (!person.steady_enough_to_judge || person.spread <= kMaxPersonSpread) continue;
    AddFlag("scale_spread", &observations->flags);
    for (PersonObservations& observed : observations->people) {
      if (observed.id == tracks[person.person].id) AddFlag("scale_spread", &observed.flags);
    }
  }
  if (std::abs(scale.trend) > kMaxTrend) AddFlag("scale_drift", &observations->flags);
  if (scale.person_spread > kMaxDisagreement) AddFlag("scale_disagrees", &observations->flags);
}

// Horizontal path over time, at the keyframes.
double CameraSpeed(const ClipEvidence& evidence,
                   const std::vector<Rigid3d>& world_from_cam,
                   const Vec3d& up) {
  double path = 0;
  for (size_t k = 1; k < evidence.keyframes.size(); ++k) {
    const Vec3d step = world_from_cam[evidence.keyframes[k]].translation -
                       world_from_cam[evidence.keyframes[k - 1]].translation;
    path += Norm(step - Dot(step, up) * up);
  }
  const double time_s = evidence.clip.time_s[evidence.keyframes.back()] - evidence.clip.time_s[0];
  return time_s > 0 ? path / time_s : 0;
}

std::vector<Rigid3d> AtKeyframes(const std::vector<Rigid3d>& per_frame, const std::vector<int>& keyframes) {
  std::vector<Rigid3d> poses;
  for (int frame : keyframes) poses.push_back(per_frame[frame]);
  return poses;
}

// Ground plane of the sparse scene; without one, the up direction of the pictures.
GroundEstimate GroundOf(const ClipEvidence& evidence,
                        const CameraSolution& solution,
                        Observations* observations) {
  const std::vector<Rigid3d> poses = AtKeyframes(solution.world_from_cam, evidence.keyframes);
  GroundEstimate ground = FindGround(solution.points_in_world, poses, evidence.options.ground);
  if (!ground.plane.known) {
    AddFlag("no_ground", &observations->flags);
    ground.plane.up_in_world = {0, -1, 0};
    ground.plane.offset_m = 0;
  } else if (ground.height_cv > evidence.options.ground.max_height_cv) {
    AddFlag("ground_drift", &observations->flags);
  }
  return ground;
}

void FillKeyframes(const ClipEvidence& evidence,
                   const WorkingView& view,
                   ClassicalFigures* figures,
                   Observations* observations) {
  std::vector<KeyframeImages> images = UndistortKeyframes(evidence, view);
  const std::vector<Rigid3d> poses = AtKeyframes(observations->camera.world_from_cam, evidence.keyframes);
  DenseDepth dense;
  {
    const PhaseTimes::Scope scope(evidence.times, "depth");
    dense = ComputeDenseDepth(images, poses, view.pinhole, evidence.options.depth, evidence.threads);
  }
  {
    const PhaseTimes::Scope scope(evidence.times, "matches");
    observations->pairs = MatchKeyframes(images,
                                         dense.forward_flow,
                                         dense.backward_flow,
                                         poses,
                                         view.pinhole,
                                         evidence.options.matches,
                                         evidence.threads);
  }
  double confident = 0, pixels = 0, matches = 0;
  for (size_t k = 0; k < images.size(); ++k) {
    Keyframe keyframe;
    keyframe.frame = evidence.keyframes[k];
    keyframe.depth_m = std::move(dense.depth[k]);
    keyframe.confidence = std::move(dense.confidence[k]);
    keyframe.person_mask = std::move(images[k].person_mask);
    keyframe.color = std::move(images[k].color);
    for (float confidence : keyframe.confidence.data) confident += confidence > 0.1f ? 1 : 0;
    pixels += static_cast<double>(keyframe.confidence.data.size());
    if (observations->ground.known) {
      WritePlaneUnderFeet(
          evidence, view, observations->ground, poses[k], evidence.options.depth.plane_confidence, &keyframe);
    }
    observations->keyframes.push_back(std::move(keyframe));
  }
  for (const KeyframePair& pair : observations->pairs) matches += static_cast<double>(pair.matches.size());
  figures->depth_coverage = confident / std::max(1.0, pixels);
  figures->matches_per_pair = matches / std::max<double>(1, static_cast<double>(observations->pairs.size()));
}

}  // namespace

CameraSolution SolveMovingView(const ClipEvidence& evidence) {
  const PhaseTimes::Scope scope(evidence.times, "cameras");
  return SolveMovingCamera(
      evidence.frames, evidence.features, evidence.keyframes, evidence.options.calibration, evidence.threads);
}

Observations ObserveMovingView(const ClipEvidence& evidence,
                               CameraSolution solution,
                               ClassicalFigures* figures) {
  Observations observations;
  observations.clip = evidence.clip;
  const SquarePixels square(evidence.frames);
  for (const std::string& flag : solution.flags) AddFlag(flag, &observations.flags);
  GroundEstimate ground;
  {
    const PhaseTimes::Scope scope(evidence.times, "ground");
    ground = GroundOf(evidence, solution, &observations);
  }
  const WorkingView view(evidence.clip.working_from_source, solution.lens, square.square_from_source);
  std::vector<std::vector<Sight>> sights;
  for (const PersonTrack& track : evidence.tracks) sights.push_back(SightsOf(track, {}, evidence.clip));

  // People make the arbitrary scale nearly metric; the optimiser's contact term does it properly.
  ContactScale scale;
  if (ground.plane.known) scale = MeasureScale(evidence, view, solution.world_from_cam, ground.plane, sights);
  const double metres = scale.scale > 0 ? scale.scale : 1;
  for (Rigid3d& pose : solution.world_from_cam) pose.translation = metres * pose.translation;
  ground.plane.offset_m *= metres;
  ground.camera_height *= metres;

  observations.ground = ground.plane;
  observations.camera.world_from_cam = solution.world_from_cam;
  observations.camera.pinhole = view.pinhole;
  observations.camera.distortion = view.distortion;
  observations.camera.focal_observable = solution.focal_observable;
  FillKeyframes(evidence, view, figures, &observations);

  {
    const PhaseTimes::Scope scope(evidence.times, "bodies");
    const double stature = evidence.options.metrology.stature_m;
    const UprightBody body = MakeUprightBody(evidence.body, stature, evidence.options.initial_body);
    const PlacementScene scene{&view, &observations.camera.world_from_cam, observations.ground, false};
    for (size_t t = 0; t < evidence.tracks.size(); ++t) {
      PersonObservations person = PlacePerson(
          evidence.tracks[t], sights[t], scene, body, evidence.keyframes, evidence.options.initial_body);
      if (!person.frames.empty()) observations.people.push_back(std::move(person));
    }
    const std::vector<double> statures(observations.people.size(), body.stature_m);
    MeasurePeople(observations.camera.world_from_cam,
                  observations.ground.up_in_world,
                  evidence,
                  statures,
                  &observations,
                  figures);
  }
  FlagScale(scale, evidence.tracks, &observations);
  figures->camera_speed_m_s =
      CameraSpeed(evidence, observations.camera.world_from_cam, observations.ground.up_in_world);
  if (scale.scale > 0 && figures->camera_speed_m_s > kMaxSpeed)
    AddFlag("speed_implausible", &observations.flags);
  figures->scale = std::move(scale);
  figures->ground = ground;
  figures->camera_height_m = ground.camera_height;
  figures->focal_px = solution.lens.focal_px / square.square_from_source;
  figures->k1 = solution.lens.k1;
  figures->rms_px = solution.rms_px;
  figures->num_points = static_cast<int>(solution.points_in_world.size());
  figures->focal_observable = solution.focal_observable;
  figures->calibration = solution.calibration;
  return observations;
}

}  // namespace foothold
