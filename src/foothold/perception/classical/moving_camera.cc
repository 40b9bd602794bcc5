// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/moving_camera.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

// Over the width: lenses tried for the first reconstruction, until one holds together.
constexpr std::array<double, 3> kFirstFocals{0.77, 0.55, 1.1};
constexpr double kMaxFinalErrorPx = 2;  // Points beyond are dropped before the last adjustment.
constexpr int kMinFramePoints = 20;     // For the pose of a frame between keyframes.

LensModel LensOf(const SparseTracks& tracks, double focal_px) {
  return {focal_px, 0, tracks.Center()[0], tracks.Center()[1]};
}

// Tracks of `count` keyframes starting at `first`, renumbered.
SparseTracks Window(const SparseTracks& tracks, int first, int count) {
  SparseTracks window;
  window.num_keyframes = count;
  window.width_px = tracks.width_px;
  window.height_px = tracks.height_px;
  for (const auto& track : tracks.tracks) {
    std::vector<SparseTracks::View> views;
    for (const SparseTracks::View& view : track) {
      if (view.keyframe >= first && view.keyframe < first + count) {
        views.push_back({view.keyframe - first, view.pixel});
      }
    }
    if (views.size() >= 2) window.tracks.push_back(std::move(views));
  }
  return window;
}

SparseTracks CalibrationWindow(const SparseTracks& tracks, int max_keyframes) {
  if (tracks.num_keyframes <= max_keyframes) return tracks;
  return Window(tracks, (tracks.num_keyframes - max_keyframes) / 2, max_keyframes);
}

SparseModel FirstReconstruction(const SparseTracks& tracks, const SparseOptions& options) {
  for (size_t k = 0;; ++k) {
    try {
      return ReconstructIncrementally(tracks, LensOf(tracks, kFirstFocals[k] * tracks.width_px), options);
    } catch (const Error& error) {
      if (error.reason() != "few_points" || k + 1 == kFirstFocals.size()) throw;
    }
  }
}

// Drops points with a bad view and adjusts everything, lens included where asked.
void FinishModel(const SparseTracks& tracks, bool optimize_focal, SparseModel* model) {
  BundleOptions bundle;
  bundle.max_iterations = 40;
  bundle.optimize_k1 = optimize_focal;
  bundle.optimize_focal = optimize_focal;
  BundleSummary summary;
  for (int round = 0; round < 2; ++round) {
    BundleProblem problem = MakeBundleProblem(tracks, *model);
    summary = AdjustBundle(bundle, &problem);
    std::vector<double> worst(problem.points_in_world.size(), 0);
    for (size_t i = 0; i < problem.observations.size(); ++i) {
      double& w = worst[problem.observations[i].point];
      w = std::max(w, summary.errors_px[i]);
    }
    SparseModel kept;
    kept.lens = problem.lens;
    kept.cam_from_world = problem.cam_from_world;
    kept.parallax_share = model->parallax_share;
    for (size_t p = 0; p < worst.size(); ++p) {
      if (round == 0 && worst[p] > kMaxFinalErrorPx) continue;
      kept.point_tracks.push_back(model->point_tracks[p]);
      kept.points_in_world.push_back(problem.points_in_world[p]);
    }
    *model = std::move(kept);
  }
  double sum = 0;
  for (double error : summary.errors_px) sum += error * error;
  const double count = std::max<double>(1, static_cast<double>(summary.errors_px.size()));
  model->rms_px = std::sqrt(sum / count);
  model->cost_per_observation = summary.final_cost / count;
}

// Rotation that turns unit rays a into b, least squares (Kabsch), with robust reweighting.
Quatd RotationBetween(const std::vector<Vec3d>& a, const std::vector<Vec3d>& b, double scale_rad) {
  Quatd b_from_a = Quatd::Identity();
  for (int iteration = 0; iteration < 15; ++iteration) {
    Eigen::Matrix3d sum = Eigen::Matrix3d::Zero();
    for (size_t i = 0; i < a.size(); ++i) {
      const double error = Norm(Rotate(b_from_a, a[i]) - b[i]) / scale_rad;
      const double weight = iteration < 2 ? 1 : 1 / (1 + error * error);
      const Eigen::Vector3d p(a[i][0], a[i][1], a[i][2]), q(b[i][0], b[i][1], b[i][2]);
      sum += weight * q * p.transpose();
    }
    const Eigen::JacobiSVD<Eigen::Matrix3d> svd(sum, Eigen::ComputeFullU | Eigen::ComputeFullV);
    Eigen::Matrix3d flip = Eigen::Matrix3d::Identity();
    flip(2, 2) = (svd.matrixU() * svd.matrixV().transpose()).determinant();
    const Eigen::Matrix3d rotation = svd.matrixU() * flip * svd.matrixV().transpose();
    Mat3d m;
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) m(r, c) = rotation(r, c);
    }
    b_from_a = QuaternionFromMatrix(m);
  }
  return b_from_a;
}

// Keyframe rotations chained from neighbour to neighbour, directions as points at distance one.
BundleProblem RotationProblem(const SparseTracks& tracks, const LensModel& lens) {
  BundleProblem problem;
  problem.lens = lens;
  std::vector<std::vector<Vec3d>> from(tracks.num_keyframes), to(tracks.num_keyframes);
  for (const auto& track : tracks.tracks) {
    for (size_t i = 0; i + 1 < track.size(); ++i) {
      if (track[i + 1].keyframe != track[i].keyframe + 1) continue;
      from[track[i + 1].keyframe].push_back(Normalized(RayOfPixel(lens, track[i].pixel)));
      to[track[i + 1].keyframe].push_back(Normalized(RayOfPixel(lens, track[i + 1].pixel)));
    }
  }
  problem.cam_from_world.assign(tracks.num_keyframes, Rigid3d::Identity());
  for (int k = 1; k < tracks.num_keyframes; ++k) {
    if (from[k].size() < 10) {
      throw Error(ErrorKind::kBadInput,
                  "few_points: keyframes " + std::to_string(k - 1) + " and " + std::to_string(k) +
                      " share only " + std::to_string(from[k].size()) + " features")
          .WithReason("few_points");
    }
    const Quatd step = RotationBetween(from[k], to[k], 1 / lens.focal_px);
    problem.cam_from_world[k].rotation = Normalized(step * problem.cam_from_world[k - 1].rotation);
  }
  for (const auto& track : tracks.tracks) {
    Vec3d mean{0, 0, 0};
    for (const SparseTracks::View& view : track) {
      mean = mean + Rotate(Conjugate(problem.cam_from_world[view.keyframe].rotation),
                           Normalized(RayOfPixel(lens, view.pixel)));
    }
    const int index = static_cast<int>(problem.points_in_world.size());
    problem.points_in_world.push_back(Normalized(mean));
    for (const SparseTracks::View& view : track)
      problem.observations.push_back({view.keyframe, index, view.pixel});
  }
  return problem;
}

// Frames between keyframes: interpolated, then refined on known points where enough are seen.
std::vector<Rigid3d> AllFrames(const ClipFrames& frames,
                               const std::vector<FeatureTrack>& tracks,
                               const std::vector<int>& keyframes,
                               const SparseModel& model,
                               int threads) {
  const SquarePixels square(frames);
  std::vector<Rigid3d> world_from_cam(frames.count(), Rigid3d::Identity());
  ParallelFor(frames.count(), threads, [&](int frame) {
    const auto next = std::lower_bound(keyframes.begin(), keyframes.end(), frame);
    const size_t j =
        next == keyframes.end() ? keyframes.size() - 1 : static_cast<size_t>(next - keyframes.begin());
    if (keyframes[j] == frame || j == 0) {
      world_from_cam[frame] = Inverse(model.cam_from_world[j]);
      return;
    }
    const double u = static_cast<double>(frame - keyframes[j - 1]) / (keyframes[j] - keyframes[j - 1]);
    world_from_cam[frame] =
        Interpolate(Inverse(model.cam_from_world[j - 1]), Inverse(model.cam_from_world[j]), u);
    std::vector<Vec3d> points;
    std::vector<Vec2d> pixels;
    for (size_t p = 0; p < model.point_tracks.size(); ++p) {
      const FeatureTrack& track = tracks[model.point_tracks[p]];
      if (!track.Sees(frame)) continue;
      points.push_back(model.points_in_world[p]);
      pixels.push_back(square.FromAnalysis(track.At(frame)));
    }
    if (static_cast<int>(points.size()) < kMinFramePoints) return;
    Rigid3d pose = Inverse(world_from_cam[frame]);
    const std::vector<double> errors = RefinePose(model.lens, points, pixels, 1, &pose);
    const auto good = std::count_if(errors.begin(), errors.end(), [](double e) { return e < 2.5; });
    if (good >= kMinFramePoints) world_from_cam[frame] = Inverse(pose);
  });
  return world_from_cam;
}

}  // namespace

KeyframeSolution SolveKeyframes(const SparseTracks& tracks, const CalibrationOptions& options, int threads) {
  const SparseOptions sparse;
  const SparseTracks window = CalibrationWindow(tracks, options.max_keyframes);
  const SparseModel first = FirstReconstruction(window, sparse);
  KeyframeSolution solution;
  solution.calibration =
      CalibrateLens(MakeBundleProblem(window, first), tracks.width_px, false, options, threads);
  // Again with the right lens: points that looked like outliers under the first one come back.
  solution.model = ReconstructIncrementally(tracks, solution.calibration.lens, sparse);
  FinishModel(tracks, true, &solution.model);
  return solution;
}

CameraSolution SolveMovingCamera(const ClipFrames& frames,
                                 const std::vector<FeatureTrack>& tracks,
                                 const std::vector<int>& keyframes,
                                 const CalibrationOptions& options,
                                 int threads) {
  const KeyframeSolution keyframe_solution =
      SolveKeyframes(TracksAtKeyframes(frames, tracks, keyframes), options, threads);
  const SparseModel& model = keyframe_solution.model;
  CameraSolution solution;
  solution.lens = model.lens;
  solution.calibration = keyframe_solution.calibration;
  solution.focal_observable = solution.calibration.focal_observable;
  solution.rms_px = model.rms_px;
  solution.points_in_world = model.points_in_world;
  solution.world_from_cam = AllFrames(frames, tracks, keyframes, model, threads);
  if (!solution.focal_observable) solution.flags.push_back("focal_ambiguous");
  if (solution.rms_px > options.max_rms_px) solution.flags.push_back("reprojection_high");
  return solution;
}

void SolveRotations(const ClipFrames& frames,
                    const std::vector<FeatureTrack>& tracks,
                    const std::vector<int>& keyframes,
                    const LensModel& lens,
                    CameraSolution* solution) {
  BundleProblem problem = RotationProblem(TracksAtKeyframes(frames, tracks, keyframes), lens);
  BundleOptions bundle;
  bundle.fix_translations = true;
  bundle.max_iterations = 30;
  const BundleSummary summary = AdjustBundle(bundle, &problem);
  double sum = 0;
  int count = 0;
  for (double error : summary.errors_px) {
    if (error > kMaxFinalErrorPx) continue;
    sum += error * error;
    ++count;
  }
  solution->rms_px = count > 0 ? std::sqrt(sum / count) : 0;
  solution->p80_px = Quantile(summary.errors_px, 0.8);
  solution->lens = lens;
  solution->world_from_cam.assign(frames.count(), Rigid3d::Identity());
  for (int frame = 0; frame < frames.count(); ++frame) {
    const auto next = std::lower_bound(keyframes.begin(), keyframes.end(), frame);
    const size_t j =
        next == keyframes.end() ? keyframes.size() - 1 : static_cast<size_t>(next - keyframes.begin());
    if (keyframes[j] == frame || j == 0) {
      solution->world_from_cam[frame] = Inverse(problem.cam_from_world[j]);
    } else {
      const double u = static_cast<double>(frame - keyframes[j - 1]) / (keyframes[j] - keyframes[j - 1]);
      solution->world_from_cam[frame] =
          Interpolate(Inverse(problem.cam_from_world[j - 1]), Inverse(problem.cam_from_world[j]), u);
    }
  }
}

CameraSolution SolveRotatingCamera(const ClipFrames& frames,
                                   const std::vector<FeatureTrack>& tracks,
                                   const std::vector<int>& keyframes,
                                   const CalibrationOptions& options,
                                   int threads) {
  const SparseTracks sparse = TracksAtKeyframes(frames, tracks, keyframes);
  const SparseTracks window = CalibrationWindow(sparse, options.max_keyframes);
  const BundleProblem base = RotationProblem(window, LensOf(sparse, kFirstFocals[0] * sparse.width_px));
  CameraSolution solution;
  solution.calibration = CalibrateLens(base, sparse.width_px, true, options, threads);
  solution.focal_observable = solution.calibration.focal_observable;
  SolveRotations(frames, tracks, keyframes, solution.calibration.lens, &solution);
  if (!solution.focal_observable) solution.flags.push_back("focal_ambiguous");
  if (solution.rms_px > options.max_rms_px) solution.flags.push_back("reprojection_high");
  return solution;
}

}  // namespace foothold
