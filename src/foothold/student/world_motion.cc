// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/world_motion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "foothold/base/error.h"

namespace foothold {
namespace {

// A metre counts as much as this many radians when camera motions are compared.
constexpr double kRadiansPerMetre = 1;

double Distance(const Rigid3d& a, const Rigid3d& b) {
  return Norm(a.translation - b.translation) +
         Norm(LogQuaternion(Conjugate(a.rotation) * b.rotation)) / kRadiansPerMetre;
}

struct CameraMotion {
  Rigid3d first_from_second;
  double weight;
};

CameraMotion MotionOfCamera(const PersonMotion& motion,
                            const std::vector<KeyframeBody>& bodies,
                            const Vec3d& rest_pelvis_m) {
  const KeyframeBody &first = bodies[motion.first], &second = bodies[motion.second];
  FOOTHOLD_CHECK(first.seen && second.seen, "a motion of a person who is not at its keyframes");
  const Rigid3d first_from_root{first.root, rest_pelvis_m + motion.translation_m[0]};
  const Rigid3d second_from_root{second.root, rest_pelvis_m + motion.translation_m[1]};
  const Rigid3d root_from_moved{motion.rel_rotation, motion.rel_translation_m};
  return {first_from_root * root_from_moved * Inverse(second_from_root), motion.weight};
}

// The one with the smallest weighted sum of distances from all.
Rigid3d MostCentral(const std::vector<CameraMotion>& motions) {
  double best = std::numeric_limits<double>::infinity();
  const CameraMotion* central = &motions.front();
  for (const CameraMotion& candidate : motions) {
    double sum = 0;
    for (const CameraMotion& other : motions)
      sum += other.weight * Distance(candidate.first_from_second, other.first_from_second);
    // Of two people each is as far from the other: then the weight decides.
    sum -= 1e-9 * candidate.weight;
    if (sum < best) {
      best = sum;
      central = &candidate;
    }
  }
  return central->first_from_second;
}

}  // namespace

std::vector<Rigid3d> CamerasFromMotions(const std::vector<PersonMotion>& motions,
                                        const std::vector<std::vector<KeyframeBody>>& bodies_in_cam,
                                        const std::vector<Vec3d>& rest_pelvis_m,
                                        int num_keyframes,
                                        int* num_unseen) {
  std::map<int, std::map<int, std::vector<CameraMotion>>> to;  // By second and first keyframe.
  for (const PersonMotion& motion : motions) {
    FOOTHOLD_CHECK(motion.first < motion.second && motion.second < num_keyframes && motion.weight > 0,
                   "a motion between keyframes that do not exist");
    to[motion.second][motion.first].push_back(
        MotionOfCamera(motion, bodies_in_cam[motion.person], rest_pelvis_m[motion.person]));
  }
  std::vector<Rigid3d> world_from_cam(num_keyframes, Rigid3d::Identity());
  *num_unseen = 0;
  for (int k = 1; k < num_keyframes; ++k) {
    const auto from = to.find(k);
    if (from == to.end()) {
      world_from_cam[k] = world_from_cam[k - 1];
      ++*num_unseen;
      continue;
    }
    const auto& [first, here] = *from->second.rbegin();  // The nearest keyframe before.
    world_from_cam[k] = world_from_cam[first] * MostCentral(here);
    world_from_cam[k].rotation = Normalized(world_from_cam[k].rotation);
  }
  return world_from_cam;
}

std::vector<Rigid3d> CamerasBetweenKeyframes(const std::vector<Rigid3d>& at_keyframes,
                                             const std::vector<int>& keyframes,
                                             int num_frames) {
  FOOTHOLD_CHECK(!keyframes.empty() && keyframes.front() == 0 && keyframes.size() == at_keyframes.size(),
                 "cameras of keyframes that do not begin the clip");
  std::vector<Rigid3d> cameras;
  size_t k = 0;
  for (int frame = 0; frame < num_frames; ++frame) {
    while (k + 1 < keyframes.size() && keyframes[k + 1] <= frame) ++k;
    if (k + 1 == keyframes.size()) {
      cameras.push_back(at_keyframes[k]);
      continue;
    }
    const double u = static_cast<double>(frame - keyframes[k]) / (keyframes[k + 1] - keyframes[k]);
    cameras.push_back(Interpolate(at_keyframes[k], at_keyframes[k + 1], u));
  }
  return cameras;
}

std::vector<double> SmoothScales(const std::vector<double>& scales, int reach) {
  const int count = static_cast<int>(scales.size());
  std::vector<double> smooth;
  for (int i = 0; i < count; ++i) {
    std::vector<double> near(scales.begin() + std::max(0, i - reach),
                             scales.begin() + std::min(count, i + reach + 1));
    std::sort(near.begin(), near.end());
    const size_t half = near.size() / 2;
    smooth.push_back(near.size() % 2 == 1 ? near[half] : std::sqrt(near[half - 1] * near[half]));
  }
  return smooth;
}

}  // namespace foothold
