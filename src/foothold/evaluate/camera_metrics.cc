// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/camera_metrics.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/evaluate/alignment.h"

namespace foothold {
namespace {

std::vector<double> AlignedDistances(const std::vector<Vec3d>& predicted,
                                     const std::vector<Vec3d>& truth,
                                     bool with_scale) {
  FOOTHOLD_CHECK(predicted.size() == truth.size(), "trajectories differ in length");
  const Similarity3d alignment =
      with_scale ? AlignSimilarity(predicted, truth) : AlignRigid(predicted, truth);
  std::vector<double> distances;
  for (size_t i = 0; i < truth.size(); ++i) distances.push_back(Norm(alignment * predicted[i] - truth[i]));
  return distances;
}

std::vector<Vec3d> Centres(const std::vector<Rigid3d>& world_from_cam) {
  std::vector<Vec3d> centres;
  for (const Rigid3d& pose : world_from_cam) centres.push_back(pose.translation);
  return centres;
}

// Translations of cam_from_first_cam.
std::vector<Vec3d> InverseTranslations(const std::vector<Rigid3d>& world_from_cam) {
  std::vector<Vec3d> translations;
  for (const Rigid3d& pose : world_from_cam) {
    translations.push_back((Inverse(pose) * world_from_cam.front()).translation);
  }
  return translations;
}

}  // namespace

ErrorStatistics Summarize(std::vector<double> errors) {
  ErrorStatistics statistics;
  if (errors.empty()) return statistics;
  double sum = 0, squares = 0;
  for (const double error : errors) {
    sum += error;
    squares += error * error;
  }
  std::sort(errors.begin(), errors.end());
  const size_t n = errors.size();
  statistics.mean = sum / static_cast<double>(n);
  statistics.rmse = std::sqrt(squares / static_cast<double>(n));
  statistics.median = 0.5 * (errors[(n - 1) / 2] + errors[n / 2]);
  statistics.max = errors.back();
  return statistics;
}

std::vector<double> TrajectoryErrors_m(const std::vector<Rigid3d>& predicted_world_from_cam,
                                       const std::vector<Rigid3d>& true_world_from_cam,
                                       bool with_scale) {
  return AlignedDistances(Centres(predicted_world_from_cam), Centres(true_world_from_cam), with_scale);
}

std::vector<double> ReleasedTrajectoryErrors_m(const std::vector<Rigid3d>& predicted_world_from_cam,
                                               const std::vector<Rigid3d>& true_world_from_cam) {
  return AlignedDistances(
      InverseTranslations(predicted_world_from_cam), InverseTranslations(true_world_from_cam), false);
}

}  // namespace foothold
