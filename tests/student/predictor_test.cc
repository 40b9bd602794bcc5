// SPDX-License-Identifier: Apache-2.0
// Prediction with the truth in the student's place: what is left is the way from pairs to one world.
#include "foothold/student/predictor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "foothold/scene/synthetic.h"
#include "foothold/student/josh3r.h"
#include "labels/body_file.h"
#include "support/expect_error.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

constexpr int kFrames = 25;

struct Fixture {
  BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  SyntheticClip clip;
  Observations noisy;

  Fixture() {
    SyntheticOptions options;
    options.num_frames = kFrames;
    options.num_people = 2;
    options.width = 256;
    options.height = 192;
    clip = MakeSyntheticClip(body, options, "predictor", 4);
    NoiseOptions noise;
    noise.joint_rotation_rad = noise.shape = noise.focal = 0;  // What the student leaves as it is.
    noisy = AddNoise(clip, body, noise, 4);
  }
};
const Fixture& Shared() {
  static const Fixture fixture;
  return fixture;
}

at::Tensor Row(const Vec3d& x) { return at::tensor({x[0], x[1], x[2]}, at::dtype(at::kDouble)); }
at::Tensor TwoRows(const Quatd& rotation) {
  const Mat3d m = MatrixFromQuaternion(rotation);
  return at::tensor({m(0, 0), m(0, 1), m(0, 2), m(1, 0), m(1, 1), m(1, 2)}, at::dtype(at::kDouble));
}

class Oracle : public PairModel {
 public:
  int patch_size_px() const override { return 16; }
  PairPrediction Predict(const at::Tensor& images, const at::Tensor& boxes_px, const int frames[2]) override {
    EXPECT_EQ(images.sizes(), at::IntArrayRef({2, 3, 48, 64}));
    EXPECT_LE(images.abs().max().item<float>(), 1);
    const Reconstruction& truth = Shared().clip.truth;
    std::vector<at::Tensor> translation, rotation, first, second;
    for (const PersonInWorld& person : truth.people) {
      const auto at = [&](int frame) {
        return std::find(person.frames.begin(), person.frames.end(), frame) - person.frames.begin();
      };
      const auto count = static_cast<ptrdiff_t>(person.frames.size());
      if (at(frames[0]) == count || at(frames[1]) == count) continue;
      const Vec3d pelvis_m = RestPelvis(Shared().body, person.shape);
      const BodyPose one = person.body_in_world[at(frames[0])], two = person.body_in_world[at(frames[1])];
      const Rigid3d world_from_root{one.root, pelvis_m + one.translation_m};
      const Rigid3d identity_from_root{Quatd::Identity(), pelvis_m};
      const BodyPose moved = TransformBody(identity_from_root * Inverse(world_from_root), two, pelvis_m);
      translation.push_back(Row(moved.translation_m));
      rotation.push_back(TwoRows(moved.root));
      first.push_back(
          Row(TransformBody(Inverse(truth.world_from_cam[frames[0]]), one, pelvis_m).translation_m));
      second.push_back(
          Row(TransformBody(Inverse(truth.world_from_cam[frames[1]]), two, pelvis_m).translation_m));
    }
    EXPECT_EQ(boxes_px.size(0), static_cast<int64_t>(first.size()));
    PairPrediction out;
    out.rel_translation = at::stack(translation).to(at::kFloat);
    out.rel_rotation = at::stack(rotation).to(at::kFloat);
    out.translation1 = at::stack(first).to(at::kFloat);
    out.translation2 = at::stack(second).to(at::kFloat);
    out.translation2.select(1, 2) += second_deeper_m;
    if (broken_frame == frames[0]) out.rel_translation.fill_(std::numeric_limits<float>::quiet_NaN());
    out.points1 = at::full({boxes_px.size(0), 48, 64, 3}, 2.0f);
    out.scale1 = at::full({boxes_px.size(0), 1}, frames[0] == 6 ? 9.0f : 1.5f);
    return out;
  }
  int broken_frame = -1;
  float second_deeper_m = 0;  // Than they are, people in second images.
};

ImageU8 Gray(int) { return ImageU8(256, 192, 3, 100); }

PredictSettings SmallSettings() {
  PredictSettings settings;
  settings.image_side_px = 64;
  settings.gap_frames = 2;
  return settings;
}

TEST(PredictClip, TheTruthInPairsGivesTheTruthOfTheClip) {
  Oracle oracle;
  const Reconstruction result = PredictClip(Shared().noisy, Shared().body, SmallSettings(), Gray, &oracle);
  const std::vector<std::string> problems = ProblemsOf(result, Shared().noisy.clip);
  EXPECT_TRUE(problems.empty()) << problems.front();
  const SyntheticScores scores = ScoreReconstruction(result, Shared().clip.truth, Shared().body);
  EXPECT_LT(scores.ate_m, 0.005);
  EXPECT_LT(scores.scale_error, 0.005);
  EXPECT_LT(scores.w_mpjpe_mm, 25);  // Bodies keep their own course between frames that are compared.
  EXPECT_EQ(std::count(result.flags.begin(), result.flags.end(), "camera_unseen"), 0);
  ASSERT_EQ(result.keyframes.size(), 12u);
  for (const KeyframeDepth& keyframe : result.keyframes) {
    EXPECT_EQ(keyframe.depth_m.width, 256);
    EXPECT_FLOAT_EQ(keyframe.depth_m.At(10, 10), 3.0f);  // The outlier of the scale is gone.
  }
}

// A keyframe is the second image of one pair and the first of the next, which say different things of it:
// that is an error of a place, and must not become a motion, 11 times 0.3 m here.
TEST(PredictClip, PairsThatDisagreeOnAPlaceMoveNobody) {
  Oracle oracle;
  oracle.second_deeper_m = 0.3F;
  const Reconstruction result = PredictClip(Shared().noisy, Shared().body, SmallSettings(), Gray, &oracle);
  EXPECT_LT(ScoreReconstruction(result, Shared().clip.truth, Shared().body).w_mpjpe_mm, 40);
}

TEST(PredictClip, WithoutPeopleTheCameraIsUnseen) {
  Observations alone = Shared().noisy;
  alone.people.clear();
  Oracle oracle;
  const Reconstruction result = PredictClip(alone, Shared().body, SmallSettings(), Gray, &oracle);
  EXPECT_EQ(std::count(result.flags.begin(), result.flags.end(), "camera_unseen"), 1);
  EXPECT_TRUE(result.keyframes.empty());
}

TEST(PredictClip, NumbersThatAreNotFiniteAreAnError) {
  Oracle oracle;
  oracle.broken_frame = 8;
  ExpectError(ErrorKind::kContract, {"not finite", "frame 8"}, [&] {
    PredictClip(Shared().noisy, Shared().body, SmallSettings(), Gray, &oracle);
  });
}

TEST(LoadStudent, SaysWhatIsMissing) {
  ExpectError(ErrorKind::kBadInput, {"/nowhere/student.safetensors"}, [] {
    LoadStudent("/nowhere/student.safetensors", "cpu", "fp32");
  });
}

}  // namespace
}  // namespace foothold
