// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/assembly.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

constexpr double kMaxSpeed = 3;         // m/s, of walkers.
constexpr double kMaybeRotation = 0.6;  // Homography share above which a rotation is tried.
// The foot region of a box, in shares of its width and height.
constexpr float kFootSide = 0.15f, kFootAbove = 0.10f, kFootBelow = 0.08f;

struct FootBox {
  Box box;
  float bottom;
};

// Whether the pixel shows somebody who stands nearer than the person whose foot region it lies in.
bool CoveredByNearer(const std::vector<FootBox>& people, size_t self, int x, int y) {
  for (size_t p = 0; p < people.size(); ++p) {
    if (p == self || people[p].bottom <= people[self].bottom) continue;
    const Box& box = people[p].box;
    if (x >= box.x && x < box.x + box.width && y >= box.y && y < people[p].bottom - kFootAbove * box.height) {
      return true;
    }
  }
  return false;
}

}  // namespace

CameraRegime MovingRegime(const ClipFrames& frames,
                          const std::vector<FeatureTrack>& features,
                          const std::vector<int>& keyframes,
                          const ClassicalOptions& options,
                          int threads,
                          RegimeFigures* figures) {
  const CameraRegime regime =
      ClassifyMovingCamera(features, keyframes, frames.clip().time_s, options.regime, figures);
  if (regime == CameraRegime::kRotation || figures->homography_inlier_share < kMaybeRotation) return regime;
  try {
    const CameraSolution rotation =
        SolveRotatingCamera(frames, features, keyframes, options.calibration, threads);
    if (rotation.p80_px < options.regime.rotation_p80_px) return CameraRegime::kRotation;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kBadInput) throw;  // Too few features in common: the other way says more.
  }
  return CameraRegime::kParallax;
}

bool FailedForLackOfParallax(const Error& error) { return error.reason() == "low_parallax"; }

std::vector<KeyframeImages> UndistortKeyframes(const ClipEvidence& evidence, const WorkingView& view) {
  const int count = static_cast<int>(evidence.keyframes.size());
  std::vector<KeyframeImages> images(count);
  ParallelFor(count, evidence.threads, [&](int k) {
    const size_t index = static_cast<size_t>(k);
    const ImageU8 none;
    const ImageU8& people = index < evidence.masks.people.size() ? evidence.masks.people[index] : none;
    images[k] = UndistortKeyframe(evidence.frames, evidence.keyframes[k], people, view);
  });
  return images;
}

void WritePlaneUnderFeet(const ClipEvidence& evidence,
                         const WorkingView& view,
                         const GroundPlane& ground,
                         const Rigid3d& world_from_cam,
                         double confidence,
                         Keyframe* keyframe) {
  std::vector<FootBox> people;
  for (const PersonTrack& track : evidence.tracks) {
    const Box* source = BoxAt(track, keyframe->frame);
    if (source == nullptr) continue;
    const Box box = view.BoxFromSource(*source);
    people.push_back({box, box.y + box.height});
  }
  const int width = keyframe->depth_m.width, height = keyframe->depth_m.height;
  for (size_t p = 0; p < people.size(); ++p) {
    const Box& box = people[p].box;
    const int x0 = std::max(0, static_cast<int>(box.x - kFootSide * box.width));
    const int x1 = std::min(width - 1, static_cast<int>(box.x + (1 + kFootSide) * box.width));
    const int y0 = std::max(0, static_cast<int>(people[p].bottom - kFootAbove * box.height));
    const int y1 = std::min(height - 1, static_cast<int>(people[p].bottom + kFootBelow * box.height));
    for (int y = y0; y <= y1; ++y) {
      for (int x = x0; x <= x1; ++x) {
        if (CoveredByNearer(people, p, x, y)) continue;
        const Vec3d ray = Unproject(view.pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
        const double depth = PlaneDepth(ground, world_from_cam, ray);
        if (!(depth > 0.05 && depth < 1e3)) continue;
        keyframe->depth_m.At(x, y) = static_cast<float>(depth);
        keyframe->confidence.At(x, y) = static_cast<float>(confidence);
        if (!keyframe->person_mask.empty()) keyframe->person_mask.At(x, y) = 0;
      }
    }
  }
}

void AddFlag(const std::string& flag, std::vector<std::string>* flags) {
  if (std::find(flags->begin(), flags->end(), flag) == flags->end()) flags->push_back(flag);
}

void MeasurePeople(const std::vector<Rigid3d>& world_from_cam,
                   const Vec3d& up_in_world,
                   const ClipEvidence& evidence,
                   const std::vector<double>& statures_m,
                   Observations* observations,
                   ClassicalFigures* figures) {
  for (size_t p = 0; p < observations->people.size(); ++p) {
    PersonObservations& person = observations->people[p];
    std::vector<double> time_s, depths;
    std::vector<Vec3d> pelvis_in_world;
    const Vec3d rest = RestPelvis(evidence.body, person.shape);
    for (const PersonFrame& frame : person.frames) {
      const Vec3d pelvis = rest + frame.body_in_cam.translation_m;
      time_s.push_back(evidence.clip.time_s[frame.frame]);
      pelvis_in_world.push_back(world_from_cam[frame.frame] * pelvis);
      depths.push_back(pelvis[2]);
    }
    const double window_s = evidence.options.initial_body.heading_window_s;
    const double speed = MedianSpeed(time_s, pelvis_in_world, up_in_world, window_s);
    if (speed > kMaxSpeed) AddFlag("speed_implausible", &person.flags);
    figures->people.push_back(
        {person.id, static_cast<int>(person.frames.size()), statures_m[p], speed, Median(depths)});
  }
}

}  // namespace foothold
