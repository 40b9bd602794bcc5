// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "foothold/objective/released/objective.h"
#include "foothold/objective/released/raw_body.h"

namespace foothold {
namespace {

// Distance from a camera to the pivot about which its pose turns when size and focal length change.
double PivotDepth(const JointProblem& problem, const ReleasedCameras& cameras, int i) {
  return cameras.size[i] * problem.median_depth_m[i] * cameras.focal_px / problem.base_focal_px[i];
}

}  // namespace

FocalRange ReleasedFocalRange(const JointProblem& problem) {
  const double diagonal = std::hypot(problem.width, problem.height);
  return {diagonal / 4, 10 * diagonal};
}

ReleasedCameras ComputeCameras(const JointProblem& problem, const JointParameters& parameters) {
  const int count = problem.num_keyframes();
  ReleasedCameras out;
  const FocalRange range = ReleasedFocalRange(problem);
  out.focal_px = std::clamp(std::exp(parameters.log_focal), range.min_px, range.max_px);
  for (const double log_size : parameters.log_size) out.size.push_back(std::exp(log_size));
  if (problem.tracks.empty()) out.global = 1 / *std::min_element(out.size.begin(), out.size.end());
  out.pivot_rotation.resize(count);
  out.pivot_m.resize(count);
  out.pivot_rotation[problem.root] = MatrixFromRawQuaternion(parameters.camera_rotation[problem.root]);
  out.pivot_m[problem.root] = parameters.camera_tau_m[problem.root];
  for (const auto& [parent, child] : problem.edges) {
    const Mat3d& above = out.pivot_rotation[parent];
    out.pivot_rotation[child] = above * MatrixFromRawQuaternion(parameters.camera_rotation[child]);
    out.pivot_m[child] = out.pivot_m[parent] + above * parameters.camera_tau_m[child];
  }
  out.rotation = out.pivot_rotation;
  for (int i = 0; i < count; ++i) {
    const Vec3d back{0, 0, PivotDepth(problem, out, i)};
    out.center_m.push_back(out.global * (out.pivot_m[i] - out.rotation[i] * back));
  }
  return out;
}

void SetCameras(const JointProblem& problem,
                const std::vector<Mat3d>& world_from_cam_rotation,
                const std::vector<Vec3d>& center_m,
                JointParameters* parameters) {
  const int count = problem.num_keyframes();
  ReleasedCameras cameras = ComputeCameras(problem, *parameters);
  std::vector<Vec3d> pivot(count);
  for (int i = 0; i < count; ++i) {
    const Vec3d back{0, 0, PivotDepth(problem, cameras, i)};
    pivot[i] = (1 / cameras.global) * center_m[i] + world_from_cam_rotation[i] * back;
  }
  parameters->camera_rotation[problem.root] = QuaternionFromMatrix(world_from_cam_rotation[problem.root]);
  parameters->camera_tau_m[problem.root] = pivot[problem.root];
  for (const auto& [parent, child] : problem.edges) {
    const Mat3d inverse = Transposed(world_from_cam_rotation[parent]);
    parameters->camera_rotation[child] = QuaternionFromMatrix(inverse * world_from_cam_rotation[child]);
    parameters->camera_tau_m[child] = inverse * (pivot[child] - pivot[parent]);
  }
}

}  // namespace foothold
