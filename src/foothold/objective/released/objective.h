// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "foothold/scene/body.h"
#include "foothold/scene/joint_problem.h"

namespace foothold {

// The objective of the released JOSH, term by term, in double precision: what every minimiser of a
// JointProblem is measured by. Formulas: docs/josh.md, "Released mode".

// Weights of the weighted total, as released.
struct ReleasedWeights {
  double match = 1, scale = 1, planted = 0.1, prior = 100, smooth = 0.1;
};

enum class ReleasedStage {
  kAlign,      // 1: matches as 3D distances in metres; the focal length stays.
  kReproject,  // 2: matches as pixel distances, both directions.
};

constexpr double kHumanGamma = 1.1;      // Of every term in metres.
constexpr double kReprojectGamma = 0.4;  // Of pixel distances.
// Points nearer to a camera are projected as if they were so far.
constexpr double kMinProjectDepth_m = 1e-3;
// Projections are limited to this range, in pixels.
constexpr double kMinProjection_px = -1000, kMaxProjection_px = 2000;

// Unweighted values. `planted` is JOSH's "static".
struct ReleasedLosses {
  double match = 0, scale = 0, planted = 0, prior = 0, smooth = 0;
  double total = 0;  // Weighted.
  std::vector<double> track_scale, track_planted, track_prior, track_smooth;
  // Per pair, sum of confidence * rho: stage 1 in [0]; stage 2 in the first keyframe, in the second.
  std::vector<std::array<double, 2>> pair_sum;
};

struct ReleasedGradient {
  bool with_prior = true;   // Whether the prior counts.
  bool with_kappa = false;  // Whether to fill by_kappa.
  JointParameters by;
  std::vector<double> by_kappa;  // [N * A], by core depth over its median.
};

// A gradient of zeros.
JointParameters ZeroGradient(const JointProblem& problem);

// The focal length stays between these, pixels: a quarter and ten times the image's diagonal.
struct FocalRange {
  double min_px, max_px;
};
FocalRange ReleasedFocalRange(const JointProblem& problem);

// To second-order minimisers, sizes beyond exp(+-this) and focal lengths outside their range are infinitely
// bad: nothing in the released objective keeps what is hardly observed from running away.
constexpr double kMaxLogSize = 20;

// Cameras that the parameters stand for.
struct ReleasedCameras {
  std::vector<Mat3d> rotation;  // world_from_cam
  std::vector<Vec3d> center_m;
  std::vector<Mat3d> pivot_rotation;  // Of the pose tree.
  std::vector<Vec3d> pivot_m;
  std::vector<double> size;
  double focal_px = 1;
  // Times all lengths: 1 when there are people, else one over the smallest size.
  double global = 1;
};
ReleasedCameras ComputeCameras(const JointProblem& problem, const JointParameters& parameters);
// The rotations and translations of the pose tree that give these cameras; sizes and focal length are
// those of `parameters`, whose camera members it overwrites.
void SetCameras(const JointProblem& problem,
                const std::vector<Mat3d>& world_from_cam_rotation,
                const std::vector<Vec3d>& center_m,
                JointParameters* parameters);

// `problem` is valid (CheckJointProblem). With `gradient` also the derivative of the total by every
// parameter; where a term has a cusp its derivative is taken as 0. The values do not depend on `threads`.
ReleasedLosses EvaluateReleased(const JointProblem& problem,
                                const BodyModel& model,
                                const JointParameters& parameters,
                                ReleasedStage stage,
                                const ReleasedWeights& weights,
                                int threads,
                                ReleasedGradient* gradient);

}  // namespace foothold
