// SPDX-License-Identifier: Apache-2.0
// Noise has the distributions that docs/synthetic.md states.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "foothold/scene/pair_alignment.h"
#include "foothold/scene/synthetic.h"
#include "foothold/scene/synthetic_chain.h"
#include "foothold/scene/synthetic_signal.h"
#include "synthetic_support.h"

namespace foothold {
namespace {

struct Moments {
  double sum = 0, squares = 0;
  size_t count = 0;
  void Add(double x) {
    sum += x;
    squares += x * x;
    ++count;
  }
  double Mean() const { return sum / static_cast<double>(count); }
  double Rms() const { return std::sqrt(squares / static_cast<double>(count)); }
};

NoiseOptions NoNoise() {
  NoiseOptions none;
  none.match_px = none.match_outliers = none.depth_smooth = none.body_depth = 0;
  none.joint_rotation_rad = none.shape = none.wrong_contacts = none.focal = 0;
  none.depth_scale_min = none.depth_scale_max = 1;
  return none;
}

TEST(SyntheticNoise, MatchesHaveTheStatedErrorAndOutliers) {
  const SyntheticClip clip = SmallClip({.seed = 1, .num_frames = 61});
  const Observations noisy = AddNoise(clip, ShippedBody(), NoiseOptions(), 1);
  Moments x, y;
  size_t outliers = 0, count = 0;
  for (size_t p = 0; p < noisy.pairs.size(); ++p) {
    for (size_t m = 0; m < noisy.pairs[p].matches.size(); ++m) {
      const PixelMatch &a = clip.observations.pairs[p].matches[m], &b = noisy.pairs[p].matches[m];
      const double dx = b.x_j - a.x_j, dy = b.y_j - a.y_j;
      ASSERT_EQ(a.x_i, b.x_i);
      ++count;
      if (std::hypot(dx, dy) > 10) {
        ++outliers;
        continue;
      }
      x.Add(dx);
      y.Add(dy);
    }
  }
  ASSERT_GT(count, 3000u);
  EXPECT_NEAR(x.Rms(), 0.5, 0.03);
  EXPECT_NEAR(y.Rms(), 0.5, 0.03);
  EXPECT_NEAR(x.Mean(), 0, 0.05);
  EXPECT_NEAR(static_cast<double>(outliers) / static_cast<double>(count), 0.02, 0.007);
}

TEST(SyntheticNoise, DepthIsScaledPerKeyframeAndSmoothlyBent) {
  SyntheticOptions options;
  options.width = 128;
  options.height = 96;
  options.keyframe_interval = 1;
  options.num_frames = 60;
  const SyntheticClip clip = MakeSyntheticClip(ShippedBody(), options, "t", 2, 2);
  const Observations noisy = AddNoise(clip, ShippedBody(), NoiseOptions(), 2);
  Moments log_scale, bent, step;
  double smallest = 1e9, largest = 0;
  for (size_t k = 0; k < noisy.keyframes.size(); ++k) {
    const ImageF &exact = clip.observations.keyframes[k].depth_m, &seen = noisy.keyframes[k].depth_m;
    std::vector<double> ratios;
    for (size_t i = 0; i < exact.data.size(); ++i) {
      ASSERT_EQ(exact.data[i] == 0, seen.data[i] == 0);
      if (exact.data[i] > 0) ratios.push_back(std::log(seen.data[i] / exact.data[i]));
    }
    std::nth_element(ratios.begin(), ratios.begin() + ratios.size() / 2, ratios.end());
    const double middle = ratios[ratios.size() / 2];
    log_scale.Add(middle);
    smallest = std::min(smallest, std::exp(middle));
    largest = std::max(largest, std::exp(middle));
    for (double ratio : ratios) bent.Add(ratio - middle);
    for (int y = 0; y < exact.height; y += 7) {
      for (int x = 0; x + 1 < exact.width; x += 7) {
        if (exact.At(x, y) == 0 || exact.At(x + 1, y) == 0) continue;
        const double here = seen.At(x, y) / exact.At(x, y), next = seen.At(x + 1, y) / exact.At(x + 1, y);
        step.Add(std::log(next / here));
      }
    }
  }
  // Log-uniform from 0.8 to 1.25: deviation ln(1.25 / 0.8) / sqrt(12) = 0.129.
  EXPECT_GT(smallest, 0.75);
  EXPECT_LT(largest, 1.33);
  EXPECT_LT(smallest, 0.87);
  EXPECT_GT(largest, 1.15);
  EXPECT_NEAR(log_scale.Rms(), 0.129, 0.03);
  EXPECT_GT(bent.Rms(), 0.012);
  EXPECT_LT(bent.Rms(), 0.025);
  EXPECT_LT(step.Rms(), 0.002) << "from pixel to pixel";
}

TEST(SyntheticNoise, BodiesHaveTheStatedErrors) {
  Moments depth, turn, shape, angle_step;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const SyntheticClip clip = SmallClip({.seed = seed, .num_frames = 40, .num_people = 2});
    NoiseOptions options;
    options.focal = 0;
    const Observations noisy = AddNoise(clip, ShippedBody(), options, seed);
    for (size_t p = 0; p < noisy.people.size(); ++p) {
      const PersonObservations &a = clip.observations.people[p], &b = noisy.people[p];
      for (int s = 0; s < kNumShape; ++s) shape.Add(b.shape[s] - a.shape[s]);
      const Vec3d exact_rest = RestPelvis(ShippedBody(), a.shape),
                  noisy_rest = RestPelvis(ShippedBody(), b.shape);
      for (size_t i = 0; i < a.frames.size(); ++i) {
        const BodyPose &exact = a.frames[i].body_in_cam, &seen = b.frames[i].body_in_cam;
        const Vec3d from = exact.translation_m + exact_rest, to = seen.translation_m + noisy_rest;
        depth.Add(Norm(to) / Norm(from) - 1);
        EXPECT_LT(Norm(Normalized(to) - Normalized(from)), 1e-9) << "the error lies along the ray";
        turn.Add(Norm(LogQuaternion(Conjugate(exact.root) * seen.root)));
        for (int k = 0; k < kNumJoints - 1; ++k) {
          turn.Add(Norm(LogQuaternion(Conjugate(exact.joints[k]) * seen.joints[k])));
        }
      }
    }
  }
  EXPECT_NEAR(depth.Rms(), 0.1, 0.03);
  EXPECT_NEAR(turn.Rms(), 0.1, 0.005);
  EXPECT_NEAR(shape.Rms(), 0.3, 0.05);
}

TEST(SyntheticNoise, WrongFocalMovesBodiesAwayInProportion) {
  NoiseOptions options = NoNoise();
  options.focal = 0.05;
  std::set<double> focals;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const SyntheticClip clip = SmallClip({.seed = seed});
    const Observations noisy = AddNoise(clip, ShippedBody(), options, seed);
    const double ratio = noisy.camera.pinhole.focal_px / clip.observations.camera.pinhole.focal_px;
    EXPECT_LE(std::fabs(ratio - 1), 0.05);
    focals.insert(ratio);
    const PersonFrame &exact = clip.observations.people[0].frames[0], &seen = noisy.people[0].frames[0];
    const Vec3d rest = RestPelvis(ShippedBody(), noisy.people[0].shape);
    const Vec3d from = exact.body_in_cam.translation_m + rest, to = seen.body_in_cam.translation_m + rest;
    EXPECT_NEAR(to[2], ratio * from[2], 1e-9);
    // The pelvis stays on its pixel.
    EXPECT_LT(Norm(Project(noisy.camera.pinhole, to) - Project(clip.observations.camera.pinhole, from)),
              1e-9);
  }
  EXPECT_EQ(focals.size(), 6u);
}

TEST(SyntheticNoise, AShareOfFeetHasWrongContacts) {
  int feet = 0, wrong = 0, kept = 0, flipped = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const SyntheticClip clip = SmallClip({.seed = seed, .num_frames = 61, .num_people = 3});
    const Observations noisy = AddNoise(clip, ShippedBody(), NoiseOptions(), seed);
    for (size_t p = 0; p < noisy.people.size(); ++p) {
      const auto touches = [](const PersonObservations& person, int keyframe, bool left, bool* stationary) {
        bool any = false;
        for (const Contact& contact : person.contacts) {
          const bool is_left = ShippedBody().template_m[contact.vertex][0] > 0;
          if (contact.keyframe != keyframe || is_left != left) continue;
          any = true;
          *stationary = contact.stationary;
        }
        return any;
      };
      std::set<int> seen;
      for (const PersonFrame& entry : noisy.people[p].frames) seen.insert(entry.frame);
      for (int k = 0; k < static_cast<int>(noisy.keyframes.size()); ++k) {
        if (seen.count(noisy.keyframes[k].frame) == 0) continue;
        for (bool left : {true, false}) {
          bool exact_still = false, noisy_still = false;
          const bool exact = touches(clip.observations.people[p], k, left, &exact_still);
          const bool reported = touches(noisy.people[p], k, left, &noisy_still);
          ++feet;
          wrong += exact != reported;
          kept += exact && reported;
          flipped += exact && reported && exact_still != noisy_still;
        }
      }
    }
  }
  ASSERT_GT(feet, 250);
  EXPECT_NEAR(static_cast<double>(wrong) / feet, 0.1, 0.04);
  EXPECT_NEAR(static_cast<double>(flipped) / kept, 0.1, 0.05);
}

TEST(SyntheticNoise, WithoutNoiseTheChainedCamerasAreTheTruth) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const SyntheticClip clip = SmallClip({.seed = seed, .num_frames = 31});
    const Observations chained = AddNoise(clip, ShippedBody(), NoNoise(), seed);
    const Rigid3d first_from_world = Inverse(clip.truth.world_from_cam[0]);
    for (const Keyframe& keyframe : chained.keyframes) {
      const Rigid3d exact = first_from_world * clip.truth.world_from_cam[keyframe.frame];
      const Rigid3d& seen = chained.camera.world_from_cam[keyframe.frame];
      // Limited by depth read at the nearest pixel of a small image.
      EXPECT_LT(Norm(exact.translation - seen.translation), 0.05)
          << "seed " << seed << " frame " << keyframe.frame;
      EXPECT_LT(Norm(LogQuaternion(Conjugate(exact.rotation) * seen.rotation)), 0.01);
    }
  }
}

TEST(SyntheticNoise, ChainedCamerasStartAtTheIdentityAndDrift) {
  const SyntheticClip clip = SmallClip({.seed = 5, .num_frames = 61});
  const Observations noisy = AddNoise(clip, ShippedBody(), NoiseOptions(), 5);
  EXPECT_FALSE(noisy.camera.metric);
  EXPECT_FALSE(noisy.ground.known);
  EXPECT_FALSE(noisy.camera.poses_fixed);
  const std::vector<Rigid3d>& poses = noisy.camera.world_from_cam;
  EXPECT_EQ(Norm(poses[0].translation), 0);
  EXPECT_EQ(poses[0].rotation.w, 1);
  const Rigid3d exact = Inverse(clip.truth.world_from_cam[0]) * clip.truth.world_from_cam.back();
  EXPECT_GT(Norm(exact.translation - poses.back().translation), 0.01);
  EXPECT_LT(Norm(LogQuaternion(Conjugate(exact.rotation) * poses.back().rotation)), 0.3);
  const SyntheticClip still = SmallClip({.seed = 5, .camera = "static"});
  for (const Rigid3d& pose : AddNoise(still, ShippedBody(), NoiseOptions(), 5).camera.world_from_cam) {
    EXPECT_EQ(Norm(pose.translation), 0);
  }
}

TEST(SyntheticNoise, SimilarityIsRecovered) {
  const Similarity3d b_from_a{1.7, Normalized(Quatd{0.3, -0.5, 0.4, 0.7}), {1, -2, 0.5}};
  RandomStream random(1, "similarity");
  std::vector<Vec3d> a, b;
  std::vector<double> weights;
  for (int k = 0; k < 20; ++k) {
    a.push_back({random.Normal(), random.Normal(), random.Normal()});
    b.push_back(b_from_a * a.back());
    weights.push_back(random.Uniform(0.1, 1));
  }
  const Similarity3d found = FitSimilarity(a, b, weights, false);
  EXPECT_NEAR(found.scale, 1.7, 1e-12);
  EXPECT_LT(Norm(found.translation - b_from_a.translation), 1e-12);
  EXPECT_LT(Norm(LogQuaternion(Conjugate(found.rotation) * b_from_a.rotation)), 1e-12);
}

TEST(SyntheticSignal, SmoothBelowNeverExceedsItsBound) {
  RandomStream random(3, "bound");
  std::vector<double> bound;
  for (int i = 0; i < 300; ++i) bound.push_back(random.Uniform(0, 1));
  const std::vector<double> low = synthetic::SmoothBelow(bound, 9);
  for (size_t i = 0; i < bound.size(); ++i) EXPECT_LE(low[i], bound[i] + 1e-12);
  Moments noise;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream stream(seed, "noise");
    for (double x : synthetic::SmoothNoise(200, 4, &stream)) noise.Add(x);
  }
  EXPECT_NEAR(noise.Rms(), 1, 0.08);
}

}  // namespace
}  // namespace foothold
