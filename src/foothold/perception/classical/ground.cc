// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/ground.h"

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

#include "foothold/base/random.h"

namespace foothold {
namespace {

constexpr double kBelowPenalty = 2;  // A point well below the plane counts against this many on it.

struct Candidate {
  Vec3d up{0, -1, 0};
  double offset = 0;  // up . x = offset on the plane.
  double height = 0;  // Of the mean camera.
};

class GroundSearch {
 public:
  GroundSearch(const std::vector<Vec3d>& points,
               const std::vector<Rigid3d>& world_from_cam,
               const GroundOptions& options)
      : points_(points), options_(options) {
    for (const Rigid3d& pose : world_from_cam) {
      center_ = center_ + pose.translation;
      image_up_ = image_up_ + Rotate(pose.rotation, Vec3d{0, -1, 0});
    }
    center_ = center_ / static_cast<double>(world_from_cam.size());
    image_up_ = Normalized(image_up_);
    for (const Vec3d& point : points) distance_.push_back(Norm(point - center_));
  }

  bool Best(Candidate* best) const {
    RandomStream random(0, "ground");
    const int last = static_cast<int>(points_.size()) - 1;
    double best_score = -1;
    for (int i = 0; i < options_.ransac_iterations; ++i) {
      const Vec3d& a = points_[random.UniformInt(0, last)];
      const Vec3d& b = points_[random.UniformInt(0, last)];
      const Vec3d& c = points_[random.UniformInt(0, last)];
      const Vec3d normal = Cross(b - a, c - a);
      if (!(Norm(normal) > 1e-9)) continue;
      Candidate candidate;
      if (!Orient(Normalized(normal), a, &candidate)) continue;
      const double score = Score(candidate);
      if (score > best_score) {
        best_score = score;
        *best = candidate;
      }
    }
    return best_score > 0;
  }

  void Refine(Candidate* candidate) const {
    for (int iteration = 0; iteration < 10; ++iteration) {
      Eigen::Vector3d mean = Eigen::Vector3d::Zero();
      double total = 0;
      std::vector<std::pair<Eigen::Vector3d, double>> inliers;
      for (size_t p = 0; p < points_.size(); ++p) {
        const double tolerance = Tolerance(*candidate, p);
        if (std::abs(Dot(candidate->up, points_[p]) - candidate->offset) >= tolerance) continue;
        const double weight = 1 / (tolerance * tolerance);
        inliers.push_back({Eigen::Vector3d(points_[p][0], points_[p][1], points_[p][2]), weight});
        mean += weight * inliers.back().first;
        total += weight;
      }
      if (inliers.size() < 3) return;
      mean /= total;
      Eigen::Matrix3d scatter = Eigen::Matrix3d::Zero();
      for (const auto& [x, weight] : inliers) scatter += weight * (x - mean) * (x - mean).transpose();
      const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(scatter);
      const Eigen::Vector3d n = solver.eigenvectors().col(0);
      Candidate next;
      if (!Orient({n[0], n[1], n[2]}, {mean[0], mean[1], mean[2]}, &next)) return;
      *candidate = next;
    }
  }

  double InlierShare(const Candidate& candidate) const {
    int count = 0;
    for (size_t p = 0; p < points_.size(); ++p) {
      count += std::abs(Dot(candidate.up, points_[p]) - candidate.offset) < Tolerance(candidate, p) ? 1 : 0;
    }
    return count / static_cast<double>(points_.size());
  }

 private:
  // False when tilted too much or above the camera.
  bool Orient(Vec3d normal, const Vec3d& on_plane, Candidate* candidate) const {
    if (Dot(normal, image_up_) < 0) normal = -normal;
    if (Dot(normal, image_up_) < std::cos(options_.max_tilt_deg * std::numbers::pi / 180)) return false;
    candidate->up = normal;
    candidate->offset = Dot(normal, on_plane);
    candidate->height = Dot(normal, center_) - candidate->offset;
    return candidate->height > 0;
  }
  double Tolerance(const Candidate& candidate, size_t p) const {
    return options_.tolerance_height * candidate.height + options_.tolerance_distance * distance_[p];
  }
  double Score(const Candidate& candidate) const {
    double score = 0;
    for (size_t p = 0; p < points_.size(); ++p) {
      const double above = Dot(candidate.up, points_[p]) - candidate.offset;
      if (std::abs(above) < Tolerance(candidate, p)) score += 1;
      if (above < -(0.1 * candidate.height + 0.02 * distance_[p])) score -= kBelowPenalty;
    }
    return score;
  }

  const std::vector<Vec3d>& points_;
  const GroundOptions& options_;
  Vec3d center_{0, 0, 0}, image_up_{0, 0, 0};
  std::vector<double> distance_;
};

}  // namespace

GroundEstimate FindGround(const std::vector<Vec3d>& points_in_world,
                          const std::vector<Rigid3d>& world_from_cam,
                          const GroundOptions& options) {
  GroundEstimate estimate;
  if (points_in_world.size() < 3 || world_from_cam.empty()) return estimate;
  const GroundSearch search(points_in_world, world_from_cam, options);
  Candidate best;
  if (!search.Best(&best)) return estimate;
  search.Refine(&best);
  estimate.inlier_share = search.InlierShare(best);
  estimate.plane.known = estimate.inlier_share >= options.min_inlier_share;
  estimate.plane.up_in_world = best.up;
  estimate.plane.offset_m = best.offset;
  double sum = 0, squares = 0;
  for (const Rigid3d& pose : world_from_cam) {
    const double height = HeightAbove(estimate.plane, pose.translation);
    sum += height;
    squares += height * height;
  }
  const double count = static_cast<double>(world_from_cam.size());
  estimate.camera_height = sum / count;
  const double variance = std::max(0.0, squares / count - estimate.camera_height * estimate.camera_height);
  estimate.height_cv = std::sqrt(variance) / std::max(estimate.camera_height, 1e-12);
  return estimate;
}

double PlaneDepth(const GroundPlane& plane, const Rigid3d& world_from_cam, const Vec3d& ray_in_cam) {
  const double height = HeightAbove(plane, world_from_cam.translation);
  const double rise = Dot(plane.up_in_world, Rotate(world_from_cam.rotation, ray_in_cam));
  if (!(rise < -1e-6)) return 0;
  return -height / rise;
}

const OptionTable& GroundOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<GroundOptions>("classical_ground",
                                        "Ground plane of a moving camera's scene (classical perception).")
          .Add("max_tilt_deg",
               &GroundOptions::max_tilt_deg,
               0,
               80,
               "Largest angle between the ground's normal and the picture's up direction.")
          .Add("tolerance_height",
               &GroundOptions::tolerance_height,
               1e-4,
               1,
               "Inlier distance as a share of the camera height.")
          .Add("tolerance_distance",
               &GroundOptions::tolerance_distance,
               0,
               1,
               "Inlier distance as a share of the point's distance, added.")
          .Add("min_inlier_share",
               &GroundOptions::min_inlier_share,
               0,
               1,
               "Share of scene points on the ground below which there is none.")
          .Add("max_height_cv",
               &GroundOptions::max_height_cv,
               0,
               10,
               "Relative spread of the camera's height above which the ground drifts.")
          .Add("ransac_iterations", &GroundOptions::ransac_iterations, 10, 100000, "Planes tried.")
          .Build();
  return table;
}

}  // namespace foothold
