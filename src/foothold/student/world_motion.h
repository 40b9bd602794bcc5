// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/reconstruction.h"

namespace foothold {

// From what the student says about pairs of frames to one world: cameras, depth of bodies, scale of the
// scene. No LibTorch here.

// One person in two keyframes of a clip (PairPrediction). Motion is in the parameters of the body: posed
// with the identity at the first and with (rel_rotation, rel_translation) at the second it has moved as the
// person did. Between root frames at the pelvis this is the rigid motion (rel_rotation, rel_translation):
// the rest pelvis, which a root turns about, cancels.
struct PersonMotion {
  int person = 0;             // Into Observations::people.
  int first = 0, second = 0;  // Keyframes, first < second.
  Quatd rel_rotation;
  Vec3d rel_translation_m;
  Vec3d translation_m[2];  // Of the body in the camera of its keyframe.
  double weight = 1;       // Positive.
};

// Poses of the keyframes' cameras, world = camera of keyframe 0. Every person in a pair of keyframes says
// how the camera moved; the motion taken is that of the person who agrees best with all (weighted geometric
// median over translations, among the people: one person who was seen wrongly does not bend the path).
// Keyframes that no motion reaches keep still beside the one before; `num_unseen` counts them.
// `bodies_in_cam`: of each person and keyframe, for roots; motions refer to existing entries only.
struct KeyframeBody {
  bool seen = false;
  Quatd root = Quatd::Identity();  // In the camera.
};
std::vector<Rigid3d> CamerasFromMotions(const std::vector<PersonMotion>& motions,
                                        const std::vector<std::vector<KeyframeBody>>& bodies_in_cam,
                                        const std::vector<Vec3d>& rest_pelvis_m,
                                        int num_keyframes,
                                        int* num_unseen);

// Poses of all frames between keyframes: along the great circle and the straight line; beyond the last
// keyframe the camera keeps still. `keyframes`: ascending frame numbers, the first 0.
std::vector<Rigid3d> CamerasBetweenKeyframes(const std::vector<Rigid3d>& at_keyframes,
                                             const std::vector<int>& keyframes,
                                             int num_frames);

// Running median over `reach` neighbours to each side of positive numbers, in their logarithms: the scale of
// pointmaps, pair by pair, has outliers but no jumps.
std::vector<double> SmoothScales(const std::vector<double>& scales, int reach);

}  // namespace foothold
