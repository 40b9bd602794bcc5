// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/assembly.h"

namespace foothold {
namespace {

constexpr double kFootprintM = 0.5;  // The ground is trusted this far around every foot.

struct GroundPoint2 {
  double x, y;
};

// Two directions that span the plane.
struct PlaneAxes {
  Vec3d a, b;
  explicit PlaneAxes(const Vec3d& up) {
    const Vec3d forward = std::abs(up[2]) < 0.9 ? Vec3d{0, 0, 1} : Vec3d{1, 0, 0};
    a = Normalized(forward - Dot(forward, up) * up);
    b = Cross(up, a);
  }
  GroundPoint2 Of(const Vec3d& point) const { return {Dot(point, a), Dot(point, b)}; }
};

double Turn(const GroundPoint2& o, const GroundPoint2& p, const GroundPoint2& q) {
  return (p.x - o.x) * (q.y - o.y) - (p.y - o.y) * (q.x - o.x);
}

// Convex hull, counter-clockwise (monotone chain).
std::vector<GroundPoint2> ConvexHull(std::vector<GroundPoint2> points) {
  std::sort(points.begin(), points.end(), [](const GroundPoint2& p, const GroundPoint2& q) {
    return p.x < q.x || (p.x == q.x && p.y < q.y);
  });
  std::vector<GroundPoint2> hull;
  for (int pass = 0; pass < 2; ++pass) {
    const size_t base = hull.size();
    for (const GroundPoint2& point : points) {
      while (hull.size() >= base + 2 && Turn(hull[hull.size() - 2], hull.back(), point) <= 0) hull.pop_back();
      hull.push_back(point);
    }
    if (!hull.empty()) hull.pop_back();
    std::reverse(points.begin(), points.end());
  }
  return hull;
}

bool Inside(const std::vector<GroundPoint2>& hull, const GroundPoint2& point) {
  for (size_t i = 0; i < hull.size(); ++i) {
    if (Turn(hull[i], hull[(i + 1) % hull.size()], point) < 0) return false;
  }
  return hull.size() >= 3;
}

std::vector<GroundPoint2> WalkedArea(const Observations& observations,
                                     const BodyModel& body,
                                     const PlaneAxes& axes) {
  std::vector<GroundPoint2> points;
  for (const PersonObservations& person : observations.people) {
    const Vec3d rest = RestPelvis(body, person.shape);
    for (const PersonFrame& frame : person.frames) {
      const Vec3d pelvis =
          observations.camera.world_from_cam[frame.frame] * (rest + frame.body_in_cam.translation_m);
      const GroundPoint2 foot = axes.Of(pelvis);
      for (int k = 0; k < 8; ++k) {
        const double angle = k * std::numbers::pi / 4;
        points.push_back({foot.x + kFootprintM * std::cos(angle), foot.y + kFootprintM * std::sin(angle)});
      }
    }
  }
  return ConvexHull(std::move(points));
}

// Depth of the walked ground in one view.
ImageF GroundDepth(const WorkingView& view,
                   const GroundPlane& ground,
                   const Rigid3d& world_from_cam,
                   const PlaneAxes& axes,
                   const std::vector<GroundPoint2>& area) {
  ImageF depth(view.working_from_source.width, view.working_from_source.height);
  for (int y = 0; y < depth.height; ++y) {
    for (int x = 0; x < depth.width; ++x) {
      const Vec3d ray = Unproject(view.pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const double z = PlaneDepth(ground, world_from_cam, ray);
      if (z > 0.05 && z < 1e3 && Inside(area, axes.Of(world_from_cam * (z * ray)))) {
        depth.At(x, y) = static_cast<float>(z);
      }
    }
  }
  return depth;
}

// Whole sights of all people, pixels from the principal point in source pixels.
std::vector<Look> LooksOf(const std::vector<std::vector<Sight>>& sights,
                          const WorkingView& view,
                          double focal_source_px,
                          const std::vector<Rigid3d>& world_from_cam,
                          bool measured_only) {
  std::vector<Look> looks;
  for (size_t p = 0; p < sights.size(); ++p) {
    for (const Sight& sight : sights[p]) {
      if (!sight.inside || (measured_only && !sight.measured)) continue;
      const Vec3d foot = view.RayFromSource(sight.foot_px), head = view.RayFromSource(sight.head_px);
      if (!(foot[1] > head[1])) continue;
      looks.push_back({static_cast<int>(p),
                       sight.time_s,
                       focal_source_px * Vec2d{foot[0], foot[1]},
                       focal_source_px * Vec2d{head[0], head[1]},
                       world_from_cam[sight.frame].rotation});
    }
  }
  return looks;
}

}  // namespace

Observations ObserveFixedView(const ClipEvidence& evidence, CameraRegime regime, ClassicalFigures* figures) {
  const Clip& clip = evidence.clip;
  const ImageTransform& transform = clip.working_from_source;
  const SquarePixels square(evidence.frames);
  const double square_from_source = square.square_from_source;
  const double long_edge_px = std::max(transform.source_width, transform.source_height);
  const double prior_focal_px = evidence.options.metrology.focal_over_long_edge * long_edge_px;
  const bool rotates = regime == CameraRegime::kRotation;

  Observations observations;
  observations.clip = clip;
  CameraSolution solution;
  solution.lens = {prior_focal_px * square_from_source,
                   0,
                   0.5 * (square_from_source * transform.source_width - 1),
                   0.5 * (square_from_source * transform.source_height - 1)};
  solution.world_from_cam.assign(clip.num_frames(), Rigid3d::Identity());
  if (rotates) {
    const PhaseTimes::Scope scope(evidence.times, "cameras");
    const LensModel prior_lens = solution.lens;
    solution = SolveRotatingCamera(evidence.frames,
                                   evidence.features,
                                   evidence.keyframes,
                                   evidence.options.calibration,
                                   evidence.threads);
    if (!solution.focal_observable) {
      SolveRotations(evidence.frames, evidence.features, evidence.keyframes, prior_lens, &solution);
    }
    observations.flags = {"camera_rotation"};
    for (const std::string& flag : solution.flags) AddFlag(flag, &observations.flags);
  } else {
    observations.flags = {"camera_static", "focal_ambiguous"};
  }

  // Ground and, for a static camera, the focal length.
  std::vector<std::vector<Sight>> sights;
  for (size_t t = 0; t < evidence.tracks.size(); ++t) {
    const std::vector<Silhouette> none;
    sights.push_back(SightsOf(evidence.tracks[t],
                              t < evidence.masks.silhouettes.size() ? evidence.masks.silhouettes[t] : none,
                              clip));
  }
  MetrologyResult ground;
  {
    const PhaseTimes::Scope scope(evidence.times, "metrology");
    const WorkingView view(transform, solution.lens, square_from_source);
    const double focal_source_px = solution.lens.focal_px / square_from_source;
    std::vector<Look> looks = LooksOf(sights, view, focal_source_px, solution.world_from_cam, true);
    if (static_cast<int>(looks.size()) < 5 * kMinLooks) {
      looks = LooksOf(sights, view, focal_source_px, solution.world_from_cam, false);
    }
    ground = FitGroundFromPeople(looks,
                                 static_cast<int>(sights.size()),
                                 long_edge_px,
                                 rotates ? focal_source_px : 0,
                                 evidence.options.metrology);
  }
  solution.lens.focal_px = ground.focal_px * square_from_source;
  const WorkingView view(transform, solution.lens, square_from_source);
  observations.ground = {true, ground.up_in_ref, -ground.camera_height_m};
  observations.camera.world_from_cam = solution.world_from_cam;
  observations.camera.poses_fixed = true;
  observations.camera.metric = true;
  observations.camera.pinhole = view.pinhole;
  observations.camera.focal_fixed = true;
  observations.camera.focal_observable = rotates && solution.focal_observable;
  observations.camera.distortion = view.distortion;

  const PhaseTimes::Scope scope(evidence.times, "scene");
  PlacementScene scene{&view, &observations.camera.world_from_cam, observations.ground, true};
  std::vector<double> statures;
  for (size_t t = 0; t < evidence.tracks.size(); ++t) {
    const UprightBody body =
        MakeUprightBody(evidence.body, ground.statures_m[t], evidence.options.initial_body);
    PersonObservations person = PlacePerson(
        evidence.tracks[t], sights[t], scene, body, evidence.keyframes, evidence.options.initial_body);
    if (person.frames.empty()) continue;
    observations.people.push_back(std::move(person));
    statures.push_back(ground.statures_m[t]);
  }

  const PlaneAxes axes(observations.ground.up_in_world);
  const std::vector<GroundPoint2> area = WalkedArea(observations, evidence.body, axes);
  std::vector<KeyframeImages> images = UndistortKeyframes(evidence, view);
  const int count = static_cast<int>(evidence.keyframes.size());
  observations.keyframes.resize(count);
  const ImageF static_depth =
      rotates ? ImageF() : GroundDepth(view, observations.ground, Rigid3d::Identity(), axes, area);
  ParallelFor(count, evidence.threads, [&](int k) {
    Keyframe& keyframe = observations.keyframes[k];
    const Rigid3d& world_from_cam = observations.camera.world_from_cam[evidence.keyframes[k]];
    keyframe.frame = evidence.keyframes[k];
    keyframe.depth_m =
        rotates ? GroundDepth(view, observations.ground, world_from_cam, axes, area) : static_depth;
    keyframe.confidence = ImageF(keyframe.depth_m.width, keyframe.depth_m.height);
    for (size_t i = 0; i < keyframe.depth_m.data.size(); ++i) {
      if (images[k].exclude.data[i] != 0) keyframe.depth_m.data[i] = 0;
      if (keyframe.depth_m.data[i] > 0) {
        keyframe.confidence.data[i] = static_cast<float>(evidence.options.metrology.plane_confidence);
      }
    }
    keyframe.person_mask = std::move(images[k].person_mask);
    keyframe.color = std::move(images[k].color);
    WritePlaneUnderFeet(evidence,
                        view,
                        observations.ground,
                        world_from_cam,
                        evidence.options.depth.plane_confidence,
                        &keyframe);
  });
  figures->metrology = ground;
  figures->camera_height_m = ground.camera_height_m;
  figures->focal_px = ground.focal_px;
  figures->k1 = solution.lens.k1;
  figures->rms_px = solution.rms_px;
  figures->focal_observable = observations.camera.focal_observable;
  figures->calibration = solution.calibration;
  MeasurePeople(observations.camera.world_from_cam,
                observations.ground.up_in_world,
                evidence,
                statures,
                &observations,
                figures);
  return observations;
}

}  // namespace foothold
