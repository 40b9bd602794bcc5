// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/initial_cameras.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/expect_error.h"

namespace foothold {
namespace {

// Exact depths and matches, each keyframe's depths in a unit of its own, and no cameras.
struct Unplaced {
  Observations observations;
  std::vector<Rigid3d> truth;
  std::vector<double> units, scores;

  explicit Unplaced(bool with_outliers) {
    const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
    SyntheticOptions options;
    options.num_frames = 41;
    options.width = 256;
    options.height = 192;
    options.num_people = 1;
    observations = MakeSyntheticClip(body, options, "cameras", 11).observations;
    truth = observations.camera.world_from_cam;
    const size_t count = observations.keyframes.size();
    scores.assign(count * count, 0.0);
    for (size_t k = 0; k < count; ++k) {
      units.push_back(1 + 0.3 * std::sin(static_cast<double>(k)));
      for (float& depth : observations.keyframes[k].depth_m.data) depth *= static_cast<float>(units[k]);
    }
    for (KeyframePair& pair : observations.pairs) {
      for (size_t m = 0; with_outliers && m < pair.matches.size(); m += 4) {
        std::swap(pair.matches[m].x_j, pair.matches[(m + 40) % pair.matches.size()].x_j);
      }
      scores[pair.i * count + pair.j] = scores[pair.j * count + pair.i] =
          static_cast<double>(pair.matches.size());
    }
    observations.camera.world_from_cam.clear();
    observations.flags.clear();
  }
};

double Angle(const Quatd& a, const Quatd& b) { return Norm(LogQuaternion(Conjugate(a) * b)); }

TEST(PlaceCameras, FindsCamerasAndUnitsFromTheMatchesAlone) {
  for (const bool with_outliers : {false, true}) {
    Unplaced given(with_outliers);
    Observations& observations = given.observations;
    PlaceCameras(given.scores, &observations);
    ASSERT_EQ(observations.camera.world_from_cam.size(), given.truth.size());
    EXPECT_TRUE(observations.flags.empty());
    // One factor for the world: that of the path.
    const Rigid3d from_first = Inverse(given.truth[0]);
    double path = 0, true_path = 0;
    for (const Keyframe& keyframe : observations.keyframes) {
      path += Norm(observations.camera.world_from_cam[keyframe.frame].translation);
      true_path += Norm((from_first * given.truth[keyframe.frame]).translation);
    }
    ASSERT_GT(true_path, 0.5);
    const double factor = path / true_path;
    for (size_t k = 0; k < observations.keyframes.size(); ++k) {
      const int frame = observations.keyframes[k].frame;
      const Rigid3d found = observations.camera.world_from_cam[frame];
      const Rigid3d expected = from_first * given.truth[frame];
      EXPECT_LT(Angle(found.rotation, expected.rotation), 0.005) << frame;
      EXPECT_LT(Norm(found.translation - factor * expected.translation), 0.02 * factor) << frame;
    }
    // Depths are in the unit of the cameras now.
    double log_sum = 0;
    for (const double unit : given.units) log_sum += std::log(unit);
    EXPECT_NEAR(factor, std::exp(log_sum / static_cast<double>(given.units.size())), 0.01);
  }
}

TEST(PlaceCameras, KeyframesThatNothingConnectsAreRefused) {
  Unplaced given(false);
  const size_t count = given.observations.keyframes.size();
  for (size_t k = 0; k < count; ++k) given.scores[k] = given.scores[k * count] = 0;
  ExpectError(ErrorKind::kBadInput, {"matches connect only some"}, [&] {
    PlaceCameras(given.scores, &given.observations);
  });
}

TEST(PlaceCameras, SaysWhenMatchesDisagree) {
  Unplaced given(false);
  for (KeyframePair& pair : given.observations.pairs) {
    for (size_t m = 0; m < pair.matches.size(); ++m) {
      pair.matches[m].x_j = static_cast<float>((m * 37) % 256);
      pair.matches[m].y_j = static_cast<float>((m * 53) % 192);
    }
  }
  PlaceCameras(given.scores, &given.observations);
  EXPECT_EQ(given.observations.flags, std::vector<std::string>{"reprojection_high"});
  for (const Rigid3d& pose : given.observations.camera.world_from_cam) {
    EXPECT_TRUE(std::isfinite(SquaredNorm(pose.translation)));
  }
}

}  // namespace
}  // namespace foothold
