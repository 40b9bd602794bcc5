// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/self_calibration.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "foothold/base/parallel.h"

namespace foothold {
namespace {

constexpr std::array<double, 5> kStartFocals{0.5, 0.62, 0.77, 0.95, 1.2};  // Over the width.
constexpr int kHeldIterations = 20;
constexpr int kFreeIterations = 60;

// The same pixels to first order under another focal length: depth grows with it. Camera 0 is the world.
BundleProblem Stretched(const BundleProblem& base, double focal_px) {
  BundleProblem problem = base;
  const double stretch = focal_px / base.lens.focal_px;
  for (Vec3d& point : problem.points_in_world) point[2] *= stretch;
  for (Rigid3d& pose : problem.cam_from_world) pose.translation[2] *= stretch;
  problem.lens.focal_px = focal_px;
  return problem;
}

double PerObservation(double cost, const BundleProblem& problem) {
  return problem.observations.empty() ? 0 : cost / static_cast<double>(problem.observations.size());
}

}  // namespace

BundleProblem KeepBestSeenPoints(const BundleProblem& problem, int count) {
  const int num_points = static_cast<int>(problem.points_in_world.size());
  if (num_points <= count) return problem;
  std::vector<int> views(num_points, 0), order(num_points), new_index(num_points, -1);
  for (const BundleObservation& o : problem.observations) ++views[o.point];
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return views[a] > views[b]; });
  order.resize(count);
  std::sort(order.begin(), order.end());
  BundleProblem kept;
  kept.lens = problem.lens;
  kept.cam_from_world = problem.cam_from_world;
  for (int p : order) {
    new_index[p] = static_cast<int>(kept.points_in_world.size());
    kept.points_in_world.push_back(problem.points_in_world[p]);
  }
  for (const BundleObservation& o : problem.observations) {
    if (new_index[o.point] >= 0) kept.observations.push_back({o.camera, new_index[o.point], o.pixel});
  }
  return kept;
}

LensCalibration CalibrateLens(const BundleProblem& base,
                              double width_px,
                              bool fix_translations,
                              const CalibrationOptions& options,
                              int threads) {
  const BundleProblem small = KeepBestSeenPoints(base, options.max_points);
  const int num_starts = static_cast<int>(kStartFocals.size());
  std::vector<BundleProblem> solved(num_starts);
  LensCalibration result;
  result.starts.resize(num_starts);
  BundleOptions bundle;
  bundle.fix_translations = fix_translations;
  bundle.optimize_k1 = true;
  ParallelFor(num_starts, threads, [&](int s) {
    BundleProblem problem = Stretched(small, kStartFocals[s] * width_px);
    problem.lens.k1 = 0;
    BundleOptions stage = bundle;
    stage.max_iterations = kHeldIterations;
    AdjustBundle(stage, &problem);
    stage.max_iterations = kFreeIterations;
    stage.optimize_focal = true;
    const BundleSummary summary = AdjustBundle(stage, &problem);
    result.starts[s] = {kStartFocals[s], problem.lens, PerObservation(summary.final_cost, problem)};
    solved[s] = std::move(problem);
  });
  int best = 0;
  for (int s = 1; s < num_starts; ++s) {
    const LensModel& lens = result.starts[s].lens;
    const bool plausible = lens.focal_px > 0.25 * width_px && lens.focal_px < 6 * width_px;
    if (plausible &&
        result.starts[s].cost_per_observation < 0.999 * result.starts[best].cost_per_observation) {
      best = s;
    }
  }
  result.lens = result.starts[best].lens;
  result.cost_per_observation = result.starts[best].cost_per_observation;

  std::array<double, 2> ratios{};
  ParallelFor(2, threads, [&](int side) {
    const double factor = side == 0 ? 1 - options.ambiguity_step : 1 + options.ambiguity_step;
    BundleProblem problem = Stretched(solved[best], factor * solved[best].lens.focal_px);
    BundleOptions stage = bundle;
    stage.max_iterations = kHeldIterations;
    const BundleSummary summary = AdjustBundle(stage, &problem);
    ratios[side] = PerObservation(summary.final_cost, problem) / std::max(result.cost_per_observation, 1e-12);
  });
  result.cost_ratio_low = ratios[0];
  result.cost_ratio_high = ratios[1];
  result.focal_observable = std::min(ratios[0], ratios[1]) >= 1 + options.ambiguity_cost;
  return result;
}

const OptionTable& CalibrationOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<CalibrationOptions>("classical_calibration",
                                             "Self-calibration of a moving camera (classical perception).")
          .Add("max_rms_px",
               &CalibrationOptions::max_rms_px,
               0.01,
               20,
               "Reprojection error of the bundle adjustment above which a clip is flagged.")
          .Add("ambiguity_step",
               &CalibrationOptions::ambiguity_step,
               0.01,
               0.9,
               "Relative change of the focal length in the test for ambiguity.")
          .Add("ambiguity_cost",
               &CalibrationOptions::ambiguity_cost,
               0,
               10,
               "Relative rise of the cost below which the focal length is ambiguous.")
          .Add(
              "max_keyframes", &CalibrationOptions::max_keyframes, 4, 1000, "Keyframes used for calibration.")
          .Add("max_points", &CalibrationOptions::max_points, 50, 100000, "Points used for calibration.")
          .Build();
  return table;
}

}  // namespace foothold
