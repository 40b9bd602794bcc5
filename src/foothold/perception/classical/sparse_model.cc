// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/sparse_model.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <opencv2/calib3d.hpp>

#include "foothold/base/error.h"
#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

constexpr double kTriangulationErrorPx = 2;
constexpr int kMinPairPoints = 60;

Error Reject(const char* reason, const std::string& message) {
  return Error(ErrorKind::kBadInput, std::string(reason) + ": " + message).WithReason(reason);
}

Mat3d FromCv(const cv::Mat& m) {
  Mat3d out;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) out(r, c) = m.at<double>(r, c);
  }
  return out;
}

double AngleBetween(const Vec3d& a, const Vec3d& b) { return std::atan2(Norm(Cross(a, b)), Dot(a, b)); }

class Incremental {
 public:
  Incremental(const SparseTracks& tracks, const LensModel& lens, const SparseOptions& options)
      : tracks_(tracks), options_(options), lens_(lens) {
    poses_.resize(tracks.num_keyframes);
    registered_.assign(tracks.num_keyframes, false);
    views_.resize(tracks.num_keyframes);
    rays_.resize(tracks.tracks.size());
    for (size_t t = 0; t < tracks.tracks.size(); ++t) {
      for (const SparseTracks::View& view : tracks.tracks[t]) {
        views_[view.keyframe].push_back({static_cast<int>(t), static_cast<int>(rays_[t].size())});
        rays_[t].push_back(RayOfPixel(lens, view.pixel));
      }
    }
  }

  SparseModel Run() {
    StartWithBestPair();
    Triangulate();
    Adjust(12);
    int registered = 2, last_adjusted = 2;
    while (registered < tracks_.num_keyframes) {
      RegisterNext();
      ++registered;
      Triangulate();
      // Adjusting ever more rarely keeps long clips linear in time.
      if (registered >= last_adjusted + std::max(4, last_adjusted / 4)) {
        Adjust(6);
        last_adjusted = registered;
      }
    }
    for (int round = 0; round < 3; ++round) {
      Adjust(15);
      Triangulate();
    }
    Adjust(15);
    return Model();
  }

 private:
  struct ViewRef {
    int track, index;
  };

  Vec3d CenterOf(int keyframe) const { return Inverse(poses_[keyframe]).translation; }

  void StartWithBestPair() {
    const int count = tracks_.num_keyframes;
    double best_score = 0;
    int best_a = -1, best_b = -1;
    Rigid3d best_pose = Rigid3d::Identity();
    std::vector<int> starts{0, count / 4, count / 2};
    starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
    for (int a : starts) {
      for (int b = a + 2; b < std::min(count, a + 9); ++b) {
        Rigid3d b_from_a;
        const double score = ScorePair(a, b, &b_from_a);
        if (score > best_score) {
          best_score = score;
          best_a = a;
          best_b = b;
          best_pose = b_from_a;
        }
      }
    }
    if (best_a < 0) {
      throw Reject("few_points", "no two keyframes share enough features for a relative pose");
    }
    anchor_ = best_a;
    poses_[best_a] = Rigid3d::Identity();
    poses_[best_b] = best_pose;
    registered_[best_a] = registered_[best_b] = true;
  }

  // Inliers times parallax, lower where one homography explains the pair; 0 when there is no pose.
  double ScorePair(int a, int b, Rigid3d* b_from_a) const {
    std::vector<cv::Point2d> in_a, in_b;  // Normalised, undistorted.
    for (const ViewRef& ref : views_[a]) {
      const std::vector<SparseTracks::View>& views = tracks_.tracks[ref.track];
      for (size_t i = ref.index + 1; i < views.size() && views[i].keyframe <= b; ++i) {
        if (views[i].keyframe != b) continue;
        const Vec3d p = rays_[ref.track][ref.index], q = rays_[ref.track][i];
        in_a.push_back({p[0], p[1]});
        in_b.push_back({q[0], q[1]});
      }
    }
    const double total = static_cast<double>(in_a.size());
    if (total < kMinPairPoints) return 0;
    const cv::Mat unit = cv::Mat::eye(3, 3, CV_64F);
    cv::Mat inliers;
    const cv::Mat essential = cv::findEssentialMat(
        in_a, in_b, unit, cv::USAC_MAGSAC, 0.999, options_.essential_px / lens_.focal_px, inliers);
    if (essential.rows != 3 || essential.cols != 3) return 0;
    cv::Mat rotation, translation;
    cv::Mat in_front = inliers.clone();
    const int count = cv::recoverPose(essential, in_a, in_b, unit, rotation, translation, in_front);
    if (count < kMinPairPoints / 2) return 0;
    *b_from_a = {QuaternionFromMatrix(FromCv(rotation)),
                 {translation.at<double>(0), translation.at<double>(1), translation.at<double>(2)}};
    std::vector<double> angles;
    for (size_t i = 0; i < in_a.size(); ++i) {
      if (in_front.at<uint8_t>(static_cast<int>(i)) == 0) continue;
      const Vec3d p{in_a[i].x, in_a[i].y, 1}, q{in_b[i].x, in_b[i].y, 1};
      // Rotation-compensated angle: what translation alone did.
      angles.push_back(AngleBetween(Rotate(b_from_a->rotation, p), q));
    }
    cv::Mat plane_inliers;
    cv::findHomography(in_a, in_b, cv::RANSAC, 2 * options_.essential_px / lens_.focal_px, plane_inliers);
    const double plane_share = plane_inliers.empty() ? 0 : cv::countNonZero(plane_inliers) / total;
    const double parallax_deg = Quantile(angles, 0.6) * 180 / std::numbers::pi;
    return count / total * std::min(parallax_deg, 4.0) * std::sqrt(count) * (1 - 0.5 * plane_share);
  }

  // Adds every track that two registered keyframes see well.
  void Triangulate() {
    parallax_.clear();
    for (size_t t = 0; t < tracks_.tracks.size(); ++t) {
      std::vector<int> seen;
      for (size_t i = 0; i < tracks_.tracks[t].size(); ++i) {
        if (registered_[tracks_.tracks[t][i].keyframe]) seen.push_back(static_cast<int>(i));
      }
      if (seen.size() < 2) continue;
      if (seen.size() > 3) seen = {seen.front(), seen[seen.size() / 2], seen.back()};
      TriangulateTrack(static_cast<int>(t), seen);
    }
  }

  void TriangulateTrack(int t, const std::vector<int>& seen) {
    std::vector<Vec3d> origins, directions;
    for (int i : seen) {
      const Rigid3d& pose = poses_[tracks_.tracks[t][i].keyframe];
      origins.push_back(Inverse(pose).translation);
      directions.push_back(Normalized(Rotate(Conjugate(pose.rotation), rays_[t][i])));
    }
    parallax_.push_back(AngleBetween(directions.front(), directions.back()));
    if (points_.count(t) > 0) return;
    if (parallax_.back() < options_.min_parallax_deg * std::numbers::pi / 180) return;
    const Vec3d point = IntersectRays(origins, directions);
    for (int i : seen) {
      const SparseTracks::View& view = tracks_.tracks[t][i];
      const Vec3d in_cam = poses_[view.keyframe] * point;
      if (!(in_cam[2] > 0.02)) return;
      if (!(Norm(ProjectWithLens(lens_, in_cam) - view.pixel) < kTriangulationErrorPx)) return;
    }
    points_[t] = point;
  }

  // The keyframe that sees most points, starting from its nearest registered neighbours.
  void RegisterNext() {
    int best = -1;
    size_t best_count = 0;
    for (int k = 0; k < tracks_.num_keyframes; ++k) {
      if (registered_[k]) continue;
      size_t count = 0;
      for (const ViewRef& ref : views_[k]) count += points_.count(ref.track);
      if (best < 0 || count > best_count) {
        best = k;
        best_count = count;
      }
    }
    std::vector<Vec3d> points;
    std::vector<Vec2d> pixels;
    for (const ViewRef& ref : views_[best]) {
      const auto found = points_.find(ref.track);
      if (found == points_.end()) continue;
      points.push_back(found->second);
      pixels.push_back(tracks_.tracks[ref.track][ref.index].pixel);
    }
    if (static_cast<int>(points.size()) < options_.min_points) {
      throw Reject("few_points",
                   "keyframe " + std::to_string(best) + " sees " + std::to_string(points.size()) +
                       " known points, needs " + std::to_string(options_.min_points));
    }
    Rigid3d pose = PredictPose(best);
    // A wide kernel first: the prediction may be tens of pixels off.
    RefinePose(lens_, points, pixels, 10, &pose);
    const std::vector<double> errors = RefinePose(lens_, points, pixels, 1, &pose);
    int good = 0;
    for (double error : errors) good += error < options_.max_point_error_px ? 1 : 0;
    if (good < options_.min_points) {
      throw Reject("few_points",
                   "keyframe " + std::to_string(best) + " agrees with " + std::to_string(good) +
                       " known points, needs " + std::to_string(options_.min_points));
    }
    poses_[best] = pose;
    registered_[best] = true;
  }

  // Constant velocity where the two nearest registered neighbours are on one side.
  Rigid3d PredictPose(int keyframe) const {
    int near = -1, next = -1;
    for (int k = 0; k < tracks_.num_keyframes; ++k) {
      if (registered_[k] && (near < 0 || std::abs(k - keyframe) < std::abs(near - keyframe))) near = k;
    }
    const int beyond = near + (near > keyframe ? 1 : -1);
    if (beyond >= 0 && beyond < tracks_.num_keyframes && registered_[beyond] &&
        std::abs(near - keyframe) == 1) {
      next = beyond;
    }
    if (next < 0) return poses_[near];
    return (poses_[near] * Inverse(poses_[next])) * poses_[near];
  }

  void Adjust(int iterations) {
    SparseModel model;
    std::vector<int> order{anchor_};  // Camera 0 of the bundle is the fixed one.
    for (int k = 0; k < tracks_.num_keyframes; ++k) {
      if (registered_[k] && k != anchor_) order.push_back(k);
    }
    std::vector<int> camera_of(tracks_.num_keyframes, -1);
    BundleProblem problem;
    problem.lens = lens_;
    for (size_t c = 0; c < order.size(); ++c) {
      camera_of[order[c]] = static_cast<int>(c);
      problem.cam_from_world.push_back(poses_[order[c]]);
    }
    std::vector<int> tracks_of;
    for (const auto& [t, point] : points_) {
      const int index = static_cast<int>(problem.points_in_world.size());
      problem.points_in_world.push_back(point);
      tracks_of.push_back(t);
      for (const SparseTracks::View& view : tracks_.tracks[t]) {
        if (camera_of[view.keyframe] >= 0) {
          problem.observations.push_back({camera_of[view.keyframe], index, view.pixel});
        }
      }
    }
    BundleOptions bundle;
    bundle.max_iterations = iterations;
    const BundleSummary summary = AdjustBundle(bundle, &problem);
    for (size_t c = 0; c < order.size(); ++c) poses_[order[c]] = problem.cam_from_world[c];
    std::vector<double> worst(tracks_of.size(), 0);
    for (size_t i = 0; i < problem.observations.size(); ++i) {
      double& w = worst[problem.observations[i].point];
      w = std::max(w, summary.errors_px[i]);
    }
    double sum = 0;
    int kept = 0;
    for (size_t i = 0; i < problem.observations.size(); ++i) {
      if (worst[problem.observations[i].point] >= options_.max_point_error_px) continue;
      sum += summary.errors_px[i] * summary.errors_px[i];
      ++kept;
    }
    for (size_t p = 0; p < tracks_of.size(); ++p) {
      if (worst[p] < options_.max_point_error_px) {
        points_[tracks_of[p]] = problem.points_in_world[p];
      } else {
        points_.erase(tracks_of[p]);
      }
    }
    rms_px_ = kept > 0 ? std::sqrt(sum / kept) : 0;
    cost_per_observation_ = problem.observations.empty()
                                ? 0
                                : summary.final_cost / static_cast<double>(problem.observations.size());
  }

  SparseModel Model() const {
    SparseModel model;
    model.lens = lens_;
    const Rigid3d first = poses_[0];
    for (const Rigid3d& pose : poses_) model.cam_from_world.push_back(pose * Inverse(first));
    for (const auto& [t, point] : points_) {
      model.point_tracks.push_back(t);
      model.points_in_world.push_back(first * point);
    }
    model.rms_px = rms_px_;
    model.cost_per_observation = cost_per_observation_;
    const double min_parallax_rad = options_.min_parallax_deg * std::numbers::pi / 180;
    const auto apart = std::count_if(
        parallax_.begin(), parallax_.end(), [&](double angle) { return angle >= min_parallax_rad; });
    model.parallax_share =
        static_cast<double>(apart) / std::max<double>(1, static_cast<double>(parallax_.size()));
    if (model.parallax_share < options_.min_parallax_share) {
      throw Reject("low_parallax",
                   "the camera moves too little for depth: median parallax " +
                       std::to_string(Median(parallax_) * 180 / std::numbers::pi) + " degrees");
    }
    if (static_cast<int>(points_.size()) < options_.min_points) {
      throw Reject("few_points", "only " + std::to_string(points_.size()) + " scene points were found");
    }
    return model;
  }

  const SparseTracks& tracks_;
  const SparseOptions& options_;
  LensModel lens_;
  int anchor_ = 0;
  std::vector<Rigid3d> poses_;  // cam_from_world per keyframe.
  std::vector<bool> registered_;
  std::vector<std::vector<ViewRef>> views_;  // Per keyframe.
  std::vector<std::vector<Vec3d>> rays_;     // Per track and view.
  std::map<int, Vec3d> points_;              // By track.
  std::vector<double> parallax_;             // Of all tracks seen twice, from the last Triangulate().
  double rms_px_ = 0, cost_per_observation_ = 0;
};

}  // namespace

SquarePixels::SquarePixels(const ClipFrames& frames) : square_from_source(frames.scale_x()) {
  scale_x = 1;
  offset_x = -frames.offset_x_px() + (0.5 * square_from_source - 0.5);
  scale_y = square_from_source / frames.scale_y();
  offset_y = -scale_y * frames.offset_y_px() + (0.5 * square_from_source - 0.5);
}

SparseTracks TracksAtKeyframes(const ClipFrames& frames,
                               const std::vector<FeatureTrack>& tracks,
                               const std::vector<int>& keyframes) {
  const SquarePixels square(frames);
  SparseTracks result;
  result.num_keyframes = static_cast<int>(keyframes.size());
  result.width_px = square.square_from_source * frames.clip().working_from_source.source_width;
  result.height_px = square.square_from_source * frames.clip().working_from_source.source_height;
  result.tracks.resize(tracks.size());
  for (size_t t = 0; t < tracks.size(); ++t) {
    for (size_t k = 0; k < keyframes.size(); ++k) {
      if (!tracks[t].Sees(keyframes[k])) continue;
      result.tracks[t].push_back({static_cast<int>(k), square.FromAnalysis(tracks[t].At(keyframes[k]))});
    }
  }
  return result;
}

SparseModel ReconstructIncrementally(const SparseTracks& tracks,
                                     const LensModel& lens,
                                     const SparseOptions& options) {
  return Incremental(tracks, lens, options).Run();
}

BundleProblem MakeBundleProblem(const SparseTracks& tracks, const SparseModel& model) {
  BundleProblem problem;
  problem.lens = model.lens;
  problem.cam_from_world = model.cam_from_world;
  problem.points_in_world = model.points_in_world;
  for (size_t p = 0; p < model.point_tracks.size(); ++p) {
    for (const SparseTracks::View& view : tracks.tracks[model.point_tracks[p]]) {
      problem.observations.push_back({view.keyframe, static_cast<int>(p), view.pixel});
    }
  }
  return problem;
}

Vec3d IntersectRays(const std::vector<Vec3d>& origins, const std::vector<Vec3d>& directions) {
  Eigen::Matrix3d a = Eigen::Matrix3d::Zero();
  Eigen::Vector3d b = Eigen::Vector3d::Zero();
  for (size_t i = 0; i < origins.size(); ++i) {
    const Eigen::Vector3d d(directions[i][0], directions[i][1], directions[i][2]);
    const Eigen::Vector3d o(origins[i][0], origins[i][1], origins[i][2]);
    const Eigen::Matrix3d across = Eigen::Matrix3d::Identity() - d * d.transpose();
    a += across;
    b += across * o;
  }
  const Eigen::Vector3d x = a.ldlt().solve(b);
  return {x[0], x[1], x[2]};
}

}  // namespace foothold
