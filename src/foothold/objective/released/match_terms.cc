// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/released/match_terms.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/parallel.h"
#include "foothold/geometry/robust_kernel.h"

namespace foothold {
namespace {

// One end of a match in the world, with what its derivatives need.
struct End {
  int keyframe = 0, anchor = 0;
  AnchorDepth anchor_depth{};
  double omega = 1;
  double stretch = 1;  // Depth of the pixel over that of its anchor at the present focal length.
  Vec2d offset_px{};
  Vec3d in_cam{}, in_world{};
};

struct EndGradient {
  Mat3d rotation = Mat3d::Zero();
  Vec3d center_m = Vec3d::Zero();
  double log_size = 0;
};

// Derivatives of one pair's sum.
struct PairGradient {
  EndGradient first, second;
  double log_focal = 0;
};

struct Context {
  const JointProblem& problem;
  const ReleasedCameras& cameras;
  double weight;                  // Of a unit of confidence in the total.
  std::vector<double>* by_kappa;  // Null: not wanted.
};

End MakeEnd(const Context& context, int keyframe, uint16_t x, uint16_t y, int anchor, double omega) {
  const JointProblem& problem = context.problem;
  const ReleasedCameras& cameras = context.cameras;
  End end;
  end.keyframe = keyframe;
  end.anchor = anchor;
  end.anchor_depth = ComputeAnchorDepth(problem, cameras, keyframe, anchor);
  end.omega = omega;
  end.stretch = 1 + (omega - 1) * problem.base_focal_px[keyframe] / cameras.focal_px;
  end.offset_px = {x - problem.width / 2.0, y - problem.height / 2.0};
  const double z = end.anchor_depth.depth_m * end.stretch;
  end.in_cam = {z * end.offset_px[0] / cameras.focal_px, z * end.offset_px[1] / cameras.focal_px, z};
  end.in_world = cameras.rotation[keyframe] * end.in_cam + cameras.center_m[keyframe];
  return end;
}

// Adds the derivative by an end's world point to camera, size, focal length and kappa.
void AddEnd(
    const Context& context, const End& end, const Vec3d& by_world, EndGradient* by, double* by_log_focal) {
  const ReleasedCameras& cameras = context.cameras;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) by->rotation(r, c) += by_world[r] * end.in_cam[c];
  }
  by->center_m = by->center_m + by_world;
  const Vec3d by_cam = Transposed(cameras.rotation[end.keyframe]) * by_world;
  by->log_size += Dot(by_cam, end.in_cam);
  const double f = cameras.focal_px;
  const double by_z = (by_cam[0] * end.offset_px[0] + by_cam[1] * end.offset_px[1]) / f + by_cam[2];
  const double by_stretch = -(end.omega - 1) * context.problem.base_focal_px[end.keyframe] / f;
  *by_log_focal +=
      by_z * (end.anchor_depth.by_log_focal * end.stretch + end.anchor_depth.depth_m * by_stretch) -
      by_cam[0] * end.in_cam[0] - by_cam[1] * end.in_cam[1];
  if (context.by_kappa == nullptr) return;
  const size_t entry = static_cast<size_t>(end.keyframe) * context.problem.num_anchors() + end.anchor;
  (*context.by_kappa)[entry] += by_z * end.anchor_depth.by_kappa * end.stretch;
}

double Align(const Context& context,
             const RobustKernel<double>& kernel,
             const End& first,
             const End& second,
             double confidence,
             PairGradient* by) {
  const Vec3d difference = first.in_world - second.in_world;
  const double norm = Norm(difference);
  if (by != nullptr && norm > 0) {
    const Vec3d pull = (context.weight * confidence * kernel.Slope(norm) / norm) * difference;
    AddEnd(context, first, pull, &by->first, &by->log_focal);
    AddEnd(context, second, -pull, &by->second, &by->log_focal);
  }
  return confidence * kernel.Value(norm);
}

// Cost of the source's point in the target's picture.
double Reproject(const Context& context,
                 const RobustKernel<double>& kernel,
                 const End& target,
                 const End& source,
                 double confidence,
                 EndGradient* by_target,
                 EndGradient* by_source,
                 double* by_log_focal) {
  const ReleasedCameras& cameras = context.cameras;
  const Mat3d& rotation = cameras.rotation[target.keyframe];
  const Vec3d arm = source.in_world - cameras.center_m[target.keyframe];
  const Vec3d y = Transposed(rotation) * arm;
  const double f = cameras.focal_px, floored = std::max(y[2], kMinProjectDepth_m);
  const Vec2d center_px{context.problem.width / 2.0, context.problem.height / 2.0};
  Vec2d residual_px;
  std::array<bool, 2> limited;
  Vec2d projected_px;
  for (int a = 0; a < 2; ++a) {
    projected_px[a] = (f * y[a] + center_px[a] * y[2]) / floored;
    limited[a] = projected_px[a] < kMinProjection_px || projected_px[a] > kMaxProjection_px;
    residual_px[a] = target.offset_px[a] + center_px[a] -
                     std::clamp(projected_px[a], kMinProjection_px, kMaxProjection_px);
  }
  const double norm = Norm(residual_px);
  if (by_target != nullptr && norm > 0) {
    const double pull = -context.weight * confidence * kernel.Slope(norm) / norm;
    Vec3d by_y = Vec3d::Zero();
    for (int a = 0; a < 2; ++a) {
      if (limited[a]) continue;
      const double by_projected = pull * residual_px[a];
      by_y[a] = by_projected * f / floored;
      by_y[2] += by_projected * center_px[a] / floored;
      if (y[2] > kMinProjectDepth_m) by_y[2] -= by_projected * projected_px[a] / floored;
      *by_log_focal += by_projected * f * y[a] / floored;
    }
    const Vec3d by_world = rotation * by_y;
    AddEnd(context, source, by_world, by_source, by_log_focal);
    by_target->center_m = by_target->center_m - by_world;
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) by_target->rotation(r, c) += arm[r] * by_y[c];
    }
  }
  return confidence * kernel.Value(norm);
}

std::array<double, 2> EvaluatePair(const Context& context, ReleasedStage stage, int pair, PairGradient* by) {
  const JointProblem& problem = context.problem;
  const MatchArrays& matches = problem.matches;
  const auto [i, j] = problem.pairs[pair];
  const bool align = stage == ReleasedStage::kAlign;
  const auto kernel = RobustKernel<double>::FromGamma(align ? kHumanGamma : kReprojectGamma);
  std::array<double, 2> sum{};
  for (int64_t m = problem.offset[pair]; m < problem.offset[pair + 1]; ++m) {
    const double confidence = matches.confidence[m];
    const End first =
        MakeEnd(context, i, matches.x1[m], matches.y1[m], matches.anchor1[m], matches.omega1[m]);
    const End second =
        MakeEnd(context, j, matches.x2[m], matches.y2[m], matches.anchor2[m], matches.omega2[m]);
    if (align) {
      sum[0] += Align(context, kernel, first, second, confidence, by);
      continue;
    }
    EndGradient* by_first = by == nullptr ? nullptr : &by->first;
    EndGradient* by_second = by == nullptr ? nullptr : &by->second;
    double* by_focal = by == nullptr ? nullptr : &by->log_focal;
    sum[0] += Reproject(context, kernel, first, second, confidence, by_first, by_second, by_focal);
    sum[1] += Reproject(context, kernel, second, first, confidence, by_second, by_first, by_focal);
  }
  return sum;
}

void AddEndGradient(const EndGradient& from, int keyframe, CameraGradient* to) {
  to->rotation[keyframe] = to->rotation[keyframe] + from.rotation;
  to->center_m[keyframe] = to->center_m[keyframe] + from.center_m;
  to->log_size[keyframe] += from.log_size;
}

}  // namespace

AnchorDepth ComputeAnchorDepth(const JointProblem& problem,
                               const ReleasedCameras& cameras,
                               int keyframe,
                               int anchor) {
  const double median = problem.median_depth_m[keyframe];
  const double zoom = cameras.focal_px / problem.base_focal_px[keyframe];
  const double unit = cameras.global * cameras.size[keyframe] * median;
  const double kappa =
      problem.core_depth_m[static_cast<size_t>(keyframe) * problem.num_anchors() + anchor] / median;
  return {unit * (kappa + zoom - 1), unit * zoom, unit};
}

void AddMatchTerm(const JointProblem& problem,
                  const ReleasedCameras& cameras,
                  ReleasedStage stage,
                  const ReleasedWeights& weights,
                  int threads,
                  ReleasedGradient* gradient,
                  CameraGradient* by_camera,
                  ReleasedLosses* losses) {
  losses->pair_sum.assign(problem.num_pairs(), {0, 0});
  double confidence = 0;
  for (const float c : problem.matches.confidence) confidence += c;
  if (!(confidence > 0)) return;
  const double divisor = stage == ReleasedStage::kAlign ? confidence : 2 * confidence;
  const bool with_kappa = gradient != nullptr && gradient->with_kappa;
  const Context context{
      problem, cameras, weights.match / divisor, with_kappa ? &gradient->by_kappa : nullptr};
  std::vector<PairGradient> by_pair(gradient == nullptr ? 0 : problem.num_pairs());
  // Pairs share anchors, so derivatives by kappa are collected by one thread.
  ParallelFor(problem.num_pairs(), with_kappa ? 1 : threads, [&](int p) {
    losses->pair_sum[p] = EvaluatePair(context, stage, p, gradient == nullptr ? nullptr : &by_pair[p]);
  });
  for (int p = 0; p < problem.num_pairs(); ++p) {
    losses->match += (losses->pair_sum[p][0] + losses->pair_sum[p][1]) / divisor;
    if (gradient == nullptr) continue;
    AddEndGradient(by_pair[p].first, problem.pairs[p][0], by_camera);
    AddEndGradient(by_pair[p].second, problem.pairs[p][1], by_camera);
    by_camera->log_focal += by_pair[p].log_focal;
  }
}

}  // namespace foothold
