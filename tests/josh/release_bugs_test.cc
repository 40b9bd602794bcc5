// SPDX-License-Identifier: Apache-2.0
// Faults of the released optimiser (docs/josh.md), one test each that fails where the fault is. Elsewhere:
// the focal length stepped N times in parity/josh, clips that crash it in josh/Josh and josh/JoshGarbage,
// detail between keyframes in josh/CorrectBodies.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "foothold/josh/josh.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

class ReleaseBugs : public testing::Test {
 protected:
  static constexpr int kSeed = 11;

  ReleaseBugs() : body_(labels::ReadBodyModel(labels::DefaultBodyModelPath())) {
    SyntheticOptions options;
    options.num_frames = 61;
    options.width = 256;
    options.height = 192;
    options.num_people = 1;
    clip_ = MakeSyntheticClip(body_, options, "release_bugs", kSeed, 2);
  }

  Observations Noisy(const NoiseOptions& noise = NoiseOptions()) const {
    return AddNoise(clip_, body_, noise, kSeed);
  }
  Reconstruction Optimise(const Observations& observations) const {
    return OptimizeJointly(observations, body_, JoshOptions(), 2).reconstruction;
  }
  SyntheticScores Score(const Reconstruction& reconstruction) const {
    return ScoreReconstruction(reconstruction, clip_.truth, body_);
  }

  // Where a vertex of the first person is in the image of a keyframe, and how deep; in truth.
  Vec3d PixelAndDepth(int keyframe, int vertex) const {
    const Reconstruction& truth = clip_.truth;
    const int frame = clip_.observations.keyframes[keyframe].frame;
    const PersonInWorld& person = truth.people[0];
    const auto at = std::find(person.frames.begin(), person.frames.end(), frame);
    if (at == person.frames.end()) return {-1, -1, 0};
    const BodyPose& pose = person.body_in_world[at - person.frames.begin()];
    const Vec3d in_world = PoseVertices(body_, person.shape, pose, {vertex})[0];
    const Vec3d in_cam = Inverse(truth.world_from_cam[frame]) * in_world;
    const Vec2d pixel = Project(truth.pinhole, in_cam);
    return {pixel[0], pixel[1], in_cam[2]};
  }

  Vec3d Pelvis(const BodyShape& shape, const BodyPose& pose) const {
    return RestPelvis(body_, shape) + pose.translation_m;
  }

  BodyModel body_;
  SyntheticClip clip_;
};

// N1. The release's priors hold every body where it began; here bodies come into the right place from depths
// that are a tenth off.
TEST_F(ReleaseBugs, BodiesMoveWhenTheyShould) {
  NoiseOptions only_depth;
  only_depth.match_px = only_depth.match_outliers = only_depth.depth_smooth = 0;
  only_depth.depth_scale_min = only_depth.depth_scale_max = 1;
  only_depth.joint_rotation_rad = only_depth.shape = only_depth.wrong_contacts = only_depth.focal = 0;
  const Observations noisy = Noisy(only_depth);
  const double initial_m = Score(InitialReconstruction(noisy, body_)).world_translation_m;
  EXPECT_LT(Score(Optimise(noisy)).world_translation_m, 0.5 * initial_m);
  JoshOptions released;
  released.mode = "released";
  const Reconstruction as_released = OptimizeJointly(noisy, body_, released, 2).reconstruction;
  EXPECT_GT(Score(as_released).world_translation_m, 0.8 * initial_m);
}

// B1. The release compares depths relative to the anchor of their own block of pixels, so it accepts a
// contact in front of a wall three times as far away. Every third contact is spoiled so.
TEST_F(ReleaseBugs, ContactsAreComparedWithTheDepthOfTheSceneThere) {
  Observations spoiled = Noisy();
  int num_spoiled = 0;
  for (int k = 0; k < static_cast<int>(spoiled.keyframes.size()); k += 3) {
    Keyframe& keyframe = spoiled.keyframes[k];
    std::vector<bool> far(keyframe.depth_m.data.size(), false);
    for (const Contact& contact : spoiled.people[0].contacts) {
      if (contact.keyframe != k) continue;
      const Vec3d at = PixelAndDepth(k, contact.vertex);
      for (int y = static_cast<int>(at[1]) - 12; y <= at[1] + 12; ++y) {
        for (int x = static_cast<int>(at[0]) - 12; x <= at[0] + 12; ++x) {
          if (x < 0 || y < 0 || x >= keyframe.depth_m.width || y >= keyframe.depth_m.height) continue;
          far[static_cast<size_t>(y) * keyframe.depth_m.width + x] = true;
        }
      }
      ++num_spoiled;
    }
    for (size_t i = 0; i < far.size(); ++i) {
      if (far[i]) keyframe.depth_m.data[i] *= 3;
    }
  }
  ASSERT_GT(num_spoiled, 3);
  const SyntheticScores clean = Score(Optimise(Noisy())), scores = Score(Optimise(spoiled));
  EXPECT_LT(scores.scale_error, clean.scale_error + 0.01);
  EXPECT_LT(scores.w_mpjpe_mm, 1.25 * clean.w_mpjpe_mm);
}

// B2. A keyframe without near contacts shifts all later contacts of the release to another body.
TEST_F(ReleaseBugs, AKeyframeWithoutContactsDoesNotShiftLaterOnes) {
  Observations without = Noisy();
  std::erase_if(without.people[0].contacts,
                [](const Contact& contact) { return contact.keyframe == 2 || contact.keyframe == 3; });
  ASSERT_LT(without.people[0].contacts.size(), Noisy().people[0].contacts.size());
  const SyntheticScores all = Score(Optimise(Noisy())), scores = Score(Optimise(without));
  EXPECT_LT(scores.scale_error, all.scale_error + 0.01);
  EXPECT_LT(scores.w_mpjpe_mm, 1.15 * all.w_mpjpe_mm + 2);
}

// B4. The release applies the change of the focal length to depths of contacts only: bodies and scene part.
// Ours must see people where they are in the image, and as far away as the scene says, from a focal length
// that begins a fifth off.
TEST_F(ReleaseBugs, BodiesFollowTheFocalLength) {
  Observations wrong = Noisy();
  wrong.camera.pinhole.focal_px = 1.2 * clip_.truth.pinhole.focal_px;
  const Reconstruction result = Optimise(wrong);
  EXPECT_NEAR(result.pinhole.focal_px / clip_.truth.pinhole.focal_px, 1, 0.02);
  double error_px = 0;
  int count = 0;
  const PersonInWorld &found = result.people[0], &truth = clip_.truth.people[0];
  for (size_t i = 0; i < found.frames.size(); ++i) {
    const auto at = std::find(truth.frames.begin(), truth.frames.end(), found.frames[i]);
    if (at == truth.frames.end()) continue;
    const size_t t = at - truth.frames.begin();
    const Vec3d here =
        Inverse(result.world_from_cam[found.frames[i]]) * Pelvis(found.shape, found.body_in_world[i]);
    const Vec3d there =
        Inverse(clip_.truth.world_from_cam[truth.frames[t]]) * Pelvis(truth.shape, truth.body_in_world[t]);
    error_px += Norm(Project(result.pinhole, here) - Project(clip_.truth.pinhole, there));
    EXPECT_NEAR(here[2] / there[2], 1, 0.06) << found.frames[i];
    ++count;
  }
  ASSERT_GT(count, 30);
  EXPECT_LT(error_px / count, 2.5);
}

}  // namespace
}  // namespace foothold
