// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "foothold/scene/joint_problem.h"

namespace foothold {

// Joint optimisation problems made in memory, for tests and benchmarks that have no files: a camera on
// a random path through a room with people standing about, matches between its keyframes, contacts.
// The same options give the same problem everywhere.
struct RandomProblemOptions {
  uint64_t seed = 1;
  int keyframes = 21;
  int people = 1;
  int window = 10;              // Pairs (i, j) with 0 < j - i <= window.
  int matches_per_pair = 2500;  // At most: matches that both keyframes see.
  int width = 512, height = 384;
  double step_m = 0.15, turn_rad = 0.03;  // Of the camera, per keyframe.
  double pixel_noise_px = 0.5;
  double depth_noise = 0.02;  // Relative, per anchor.
  double size_noise = 0.1;    // Relative, of all depths of a keyframe.
  double body_noise_m = 0.03;
  double focal_error = 0.05;       // Relative.
  double outlier_share = 0.1;      // Matches that go anywhere.
  double leave_probability = 0.1;  // That a person is missing at a keyframe.
  bool disconnected = false;       // No matches between the first and the second half.
};
// `model` gives the people's shape; feet touch the floor at vertices of its soles.
JointProblem MakeRandomProblem(const RandomProblemOptions& options, const BodyModel& model);

// Options drawn from everything that a solver must survive: 1 to 60 keyframes, 0 to 5 people, few
// matches or none, still and turning cameras, gross outliers, wrong focal lengths, split graphs.
RandomProblemOptions RandomProblemSizes(uint64_t seed);

// A stick figure of SMPL's layout, for programs that have no body file: some vertices around each joint,
// two shape directions, no pose correctives.
BodyModel StickBodyModel();

}  // namespace foothold
