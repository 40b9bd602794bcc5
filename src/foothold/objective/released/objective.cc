// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/released/objective.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "foothold/base/parallel.h"
#include "foothold/geometry/robust_kernel.h"
#include "foothold/objective/released/human_terms.h"
#include "foothold/objective/released/match_terms.h"
#include "foothold/objective/released/raw_body.h"

namespace foothold {
namespace {

// From cameras and sizes to the pose tree, whose pivots move with size and focal length.
void CarryToTree(const JointProblem& problem,
                 const JointParameters& parameters,
                 const ReleasedCameras& cameras,
                 const CameraGradient& by_camera,
                 JointParameters* by) {
  const int count = problem.num_keyframes();
  std::vector<Mat3d> by_rotation = by_camera.rotation;
  std::vector<Vec3d> by_pivot(count);
  double by_global = 0;
  by->log_focal += by_camera.log_focal;
  for (int i = 0; i < count; ++i) {
    const Vec3d by_center = cameras.global * by_camera.center_m[i];
    const double pivot_depth =
        cameras.size[i] * problem.median_depth_m[i] * cameras.focal_px / problem.base_focal_px[i];
    const double by_depth = -Dot(by_center, cameras.rotation[i].Column(2));
    by_pivot[i] = by_center;
    by_rotation[i] = by_rotation[i] - Outer(by_center, Vec3d{0, 0, pivot_depth});
    by->log_size[i] += by_camera.log_size[i] + by_depth * pivot_depth;
    by->log_focal += by_depth * pivot_depth;
    // All lengths, depths included, carry the global factor.
    by_global += Dot(by_camera.center_m[i], cameras.center_m[i]) + by_camera.log_size[i];
  }
  if (problem.tracks.empty()) {
    const auto smallest = std::min_element(cameras.size.begin(), cameras.size.end());
    by->log_size[smallest - cameras.size.begin()] -= by_global;
  }
  for (size_t e = problem.edges.size(); e-- > 0;) {
    const auto [parent, child] = problem.edges[e];
    const Mat3d& above = cameras.pivot_rotation[parent];
    const Quatd& q = parameters.camera_rotation[child];
    by_rotation[parent] = by_rotation[parent] + by_rotation[child] * Transposed(MatrixFromRawQuaternion(q)) +
                          Outer(by_pivot[child], parameters.camera_tau_m[child]);
    by_pivot[parent] = by_pivot[parent] + by_pivot[child];
    by->camera_rotation[child] = RawQuaternionGradient(q, Transposed(above) * by_rotation[child]);
    by->camera_tau_m[child] = Transposed(above) * by_pivot[child];
  }
  by->camera_rotation[problem.root] =
      RawQuaternionGradient(parameters.camera_rotation[problem.root], by_rotation[problem.root]);
  by->camera_tau_m[problem.root] = by_pivot[problem.root];
}

}  // namespace

JointParameters ZeroGradient(const JointProblem& problem) {
  JointParameters by = InitialParameters(problem);
  const Quatd zero{0, 0, 0, 0};
  by.camera_rotation.assign(by.camera_rotation.size(), zero);
  by.log_focal = 0;
  for (TrackParameters& track : by.tracks) {
    track.root.assign(track.root.size(), zero);
    track.translation_m.assign(track.translation_m.size(), Vec3d::Zero());
    for (auto& rotations : track.rotation) rotations.fill(Mat3d::Zero());
    track.shape.fill(0);
  }
  return by;
}

ReleasedLosses EvaluateReleased(const JointProblem& problem,
                                const BodyModel& model,
                                const JointParameters& parameters,
                                ReleasedStage stage,
                                const ReleasedWeights& weights,
                                int threads,
                                ReleasedGradient* gradient) {
  const ReleasedCameras cameras = ComputeCameras(problem, parameters);
  CameraGradient by_camera(problem.num_keyframes());
  if (gradient != nullptr) {
    gradient->by = ZeroGradient(problem);
    gradient->by_kappa.assign(gradient->with_kappa ? problem.core_depth_m.size() : 0, 0.0);
  }
  ReleasedLosses losses;
  AddMatchTerm(problem, cameras, stage, weights, threads, gradient, &by_camera, &losses);
  AddHumanTerms(problem, model, parameters, cameras, weights, gradient, &by_camera, &losses);
  losses.total = weights.match * losses.match + weights.scale * losses.scale +
                 weights.planted * losses.planted + weights.prior * losses.prior +
                 weights.smooth * losses.smooth;
  if (gradient == nullptr) return losses;
  CarryToTree(problem, parameters, cameras, by_camera, &gradient->by);
  if (cameras.focal_px != std::exp(parameters.log_focal)) gradient->by.log_focal = 0;  // At its limit.
  return losses;
}

}  // namespace foothold
