// SPDX-License-Identifier: Apache-2.0
// Pairs of synthetic clips against what the renderer and the body model say themselves.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "foothold/geometry/rotation_forms.h"
#include "foothold/student/label_dataset.h"
#include "foothold/student/pair_targets.h"
#include "foothold/student/student_view.h"
#include "labels/label.h"
#include "student/student_clips.h"

namespace foothold {
namespace {

// All pairs of one clip with gaps of 3 and 4, one batch.
struct Pairs {
  Pairs(const StudentClips& clips, int width, int height) {
    LoaderOptions options = clips.Loader();
    options.width = width;
    options.height = height;
    const LabelDataset dataset(options, clips.body(), 0, 1);
    pack = dataset.Open(0);
    const StudentPerson& person = pack->clip().people.at(0);
    const int count = static_cast<int>(person.frames.size());
    for (int gap : {3, 4}) {
      for (int i = 0; i + gap < count; i += 4) frames.push_back({0, i, i + gap});
    }
    batch = MakeEmptyBatch(static_cast<int64_t>(frames.size()), height, width);
    for (size_t row = 0; row < frames.size(); ++row) FillSample(*pack, frames[row], 0.1, row, &batch);
  }
  int FrameOf(size_t row, int image) const {
    const FramePair& pair = frames[row];
    return pack->clip().people[0].frames[image == 0 ? pair.first : pair.second];
  }

  std::shared_ptr<const StudentPack> pack;
  std::vector<FramePair> frames;
  LoadedBatch batch;
};

Vec3d VectorAt(const at::Tensor& tensor) {
  const at::Tensor numbers = tensor.to(at::kDouble).contiguous();
  const double* at = numbers.data_ptr<double>();
  return {at[0], at[1], at[2]};
}

// True joints of a frame in the camera of another.
std::vector<Vec3d> TrueJoints(const labels::Label& label, int frame, int camera_frame) {
  const PersonInWorld& person = label.reconstruction.people.at(0);
  const int entry = IndexOf(person.frames, frame);
  std::vector<Vec3d> joints;
  for (const Vec3d& joint : person.joints_in_world.at(entry)) {
    joints.push_back(Inverse(label.reconstruction.world_from_cam[camera_frame]) * joint);
  }
  return joints;
}

double LargestDistance(const at::Tensor& joints, const std::vector<Vec3d>& expected) {
  double largest = 0;
  for (int k = 0; k < kNumJoints; ++k) largest = std::max(largest, Norm(VectorAt(joints[k]) - expected[k]));
  return largest;
}

// As the losses pose bodies. float32 targets: a micrometre per metre and joint of the chain.
TEST(StudentTruth, TargetsPoseTheTrueBodies) {
  constexpr double kTolerance_m = 2e-5;
  const StudentClips clips(1);
  const labels::Label label = labels::ReadLabel(clips.Truth(0));
  const Pairs pairs(clips, 128, 96);
  ASSERT_GE(pairs.frames.size(), 6U);
  const PairTargets& targets = pairs.batch.targets;
  const BodyJoints body(clips.body(), at::kCPU, at::kFloat);
  const at::Tensor root1 = RotationFromRows(targets.rotation1);
  const at::Tensor pose1 = targets.pose.select(1, 0), pose2 = targets.pose.select(1, 1);
  const at::Tensor joints1 = body(targets.shape, root1, pose1, targets.translation1);
  const at::Tensor joints2 =
      body(targets.shape, RotationFromRows(targets.rotation2), pose2, targets.translation2);
  const at::Tensor moved_by =
      at::matmul(root1, targets.rel_translation.unsqueeze(-1)).squeeze(-1) + targets.translation1;
  const at::Tensor moved =
      body(targets.shape, at::matmul(root1, RotationFromRows(targets.rel_rotation)), pose2, moved_by);
  double farthest_m = 0;
  for (size_t row = 0; row < pairs.frames.size(); ++row) {
    const int frame1 = pairs.FrameOf(row, 0), frame2 = pairs.FrameOf(row, 1);
    EXPECT_LT(LargestDistance(joints1[row], TrueJoints(label, frame1, frame1)), kTolerance_m) << row;
    EXPECT_LT(LargestDistance(joints2[row], TrueJoints(label, frame2, frame2)), kTolerance_m) << row;
    EXPECT_LT(LargestDistance(moved[row], TrueJoints(label, frame2, frame1)), kTolerance_m) << row;
    farthest_m = std::max(farthest_m, targets.rel_translation[row].norm().item<double>());
  }
  EXPECT_GT(farthest_m, 0.05);  // Somebody walks: the test would not pass without the motion.
}

// The definition itself: at the identity and at the motion, then both moved by the first body's parameters.
TEST(StudentTruth, RelativeMotionIsThatOfTheParameters) {
  const StudentClips clips(1);
  const labels::Label label = labels::ReadLabel(clips.Truth(0));
  const PersonInWorld& person = label.reconstruction.people.at(0);
  const BodyPose &from = person.body_in_world.at(2), &to = person.body_in_world.at(7);
  const Rigid3d motion = RelativeMotion(from, to);
  BodyPose posed = to;
  posed.root = motion.rotation;
  posed.translation_m = motion.translation;
  const PosedSkeleton skeleton = PoseSkeleton(clips.body(), person.shape, posed);
  const Vec3d pelvis = RestPelvis(clips.body(), person.shape);
  ASSERT_GT(Norm(pelvis), 0.05);  // Else ignoring it would go unnoticed.
  for (int k = 0; k < kNumJoints; ++k) {
    const Vec3d moved = Rotate(from.root, skeleton.joints_m[k] - pelvis) + pelvis + from.translation_m;
    EXPECT_LT(Norm(moved - person.joints_in_world[7][k]), 1e-9) << k;
  }
}

// Share of the joints inside the picture that lie in the box. Boxes surround what is visible: furniture
// may hide a foot.
TEST(StudentTruth, BodiesProjectIntoTheirBoxes) {
  constexpr double kMargin_px = 2;  // Joints lie inside the body, boxes end at whole pixels.
  const StudentClips clips(1);
  const Pairs pairs(clips, 96, 96);  // Cropped: boxes and pinhole change together.
  const PairTargets& targets = pairs.batch.targets;
  const BodyJoints body(clips.body(), at::kCPU, at::kFloat);
  const at::Tensor joints = body(
      targets.shape, RotationFromRows(targets.rotation2), targets.pose.select(1, 1), targets.translation2);
  int inside = 0, count = 0;
  for (size_t row = 0; row < pairs.frames.size(); ++row) {
    const at::Tensor box = pairs.batch.batch.boxes_px[row][1];
    for (int k = 0; k < kNumJoints; ++k) {
      const Vec2d pixel = Project(pairs.pack->clip().pinhole, VectorAt(joints[row][k]));
      const double x = pixel[0] + 0.5, y = pixel[1] + 0.5;  // The network's coordinates.
      if (x < 0 || y < 0 || x > 96 || y > 96) continue;
      ++count;
      inside += x > box[0].item<double>() - kMargin_px && x < box[2].item<double>() + kMargin_px &&
                y > box[1].item<double>() - kMargin_px && y < box[3].item<double>() + kMargin_px;
    }
  }
  EXPECT_GT(count, 50);
  EXPECT_GE(inside, 0.97 * count) << inside << " of " << count;
}

TEST(StudentTruth, PointsAreTheRenderedDepth) {
  const StudentClips clips(1);
  const Pairs pairs(clips, 128, 96);
  const SyntheticClip clip =
      MakeSyntheticClip(clips.body(), clips.options(), clips.Name(0), clips.seed(0), 2);
  const PairTargets& targets = pairs.batch.targets;
  int keyframes = 0;
  for (size_t row = 0; row < pairs.frames.size(); ++row) {
    for (int image = 0; image < 2; ++image) {
      const int frame = pairs.FrameOf(row, image);
      const bool is_keyframe = IndexOf(pairs.pack->clip().keyframes, frame) >= 0;
      const at::Tensor known = targets.points_mask[row][image];
      EXPECT_EQ(known.any().item<bool>(), is_keyframe);
      if (!is_keyframe || ++keyframes > 4) continue;
      const RenderedFrame rendered = RenderFrame(clip, clips.body(), frame);
      const bool* mask = known.data_ptr<bool>();
      const float* points = targets.points[row][image].data_ptr<float>();
      const bool* scene = targets.scene_mask[row][image].data_ptr<bool>();
      int num_known = 0, masks_differ = 0;
      for (int y = 0, i = 0; y < 96; ++y) {
        for (int x = 0; x < 128; ++x, ++i) {
          masks_differ += scene[i] == (rendered.person_mask.data[i] != 0);
          if (!mask[i]) continue;
          ++num_known;
          EXPECT_EQ(rendered.person_mask.data[i], 0);
          const Vec3d point{points[3 * i], points[3 * i + 1], points[3 * i + 2]};
          ASSERT_NEAR(point[2], rendered.depth_m.data[i], point[2] / 1024);  // Half precision.
          const Vec2d pixel = Project(pairs.pack->clip().pinhole, point);
          ASSERT_NEAR(pixel[0], x, 1e-4);
          ASSERT_NEAR(pixel[1], y, 1e-4);
        }
      }
      EXPECT_GT(num_known, 0.5 * 128 * 96);
      // The silhouette also covers what furniture hides.
      EXPECT_LT(masks_differ, 0.02 * 128 * 96);
    }
  }
  EXPECT_GE(keyframes, 2);
}

// A picture of half the size: the same scene from the same place, so that its pixels, points and boxes still
// agree with one another and with the frames of the video.
TEST(StudentTruth, SmallerPicturesAgreeWithTheFullOnes) {
  const StudentClips clips(1);
  const Pairs full(clips, 128, 96), half(clips, 64, 48);
  ASSERT_EQ(full.frames.size(), half.frames.size());
  const PairTargets &a = full.batch.targets, &b = half.batch.targets;
  EXPECT_TRUE(at::equal(a.translation1, b.translation1));
  EXPECT_TRUE(at::equal(a.rel_rotation, b.rel_rotation));
  // Network coordinates are shares of the side, up to the rounding of float32.
  EXPECT_LT((full.batch.batch.boxes_px / 2 - half.batch.batch.boxes_px).abs().max().item<double>(), 1e-4);
  // Pictures: the mean of 2 x 2 pixels.
  const at::Tensor reduced = at::avg_pool2d(full.batch.batch.images.flatten(0, 1), {2, 2});
  const at::Tensor difference = (reduced - half.batch.batch.images.flatten(0, 1)).abs();
  EXPECT_LT(difference.max().item<double>(), 1.5 / 127.5);
  // Points: the ray of the small pixel's centre, the depth of one of its four pixels.
  const int row = 0;
  ASSERT_GE(IndexOf(half.pack->clip().keyframes, half.FrameOf(row, 0)), 0);
  const at::Tensor z = a.points[row][0].select(-1, 2), small_z = b.points[row][0].select(-1, 2);
  at::Tensor same = at::zeros({48, 64}, at::kBool);
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) same |= z.slice(0, dy, {}, 2).slice(1, dx, {}, 2) == small_z;
  }
  EXPECT_TRUE(same.all().item<bool>());
  for (const int x : {3, 40}) {
    const Vec3d point = VectorAt(b.points[row][0][30][x]);
    if (!b.points_mask[row][0][30][x].item<bool>()) continue;
    const Vec2d pixel = Project(half.pack->clip().pinhole, point);
    EXPECT_NEAR(pixel[0], x, 1e-4);
    EXPECT_NEAR(pixel[1], 30, 1e-4);
  }
}

// Mean difference of image 2 of a pair and a rendered frame, in grey levels.
double MeanDifference(const Pairs& pairs, size_t row, const ImageU8& rendered) {
  const at::Tensor image = pairs.batch.batch.images[static_cast<int64_t>(row)][1].contiguous();  // [3, H, W]
  const float* values = image.data_ptr<float>();
  const size_t pixels = rendered.data.size() / 3;
  double sum = 0;
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      sum += std::fabs((values[c * pixels + i] + 1) * 127.5 - rendered.data[3 * i + c]);
    }
  }
  return sum / static_cast<double>(3 * pixels);
}

TEST(StudentTruth, PicturesAreTheFramesOfTheVideo) {
  const StudentClips clips(1);
  const Pairs pairs(clips, 128, 96);
  const SyntheticClip clip =
      MakeSyntheticClip(clips.body(), clips.options(), clips.Name(0), clips.seed(0), 2);
  for (const size_t row : {size_t{0}, pairs.frames.size() - 1}) {
    const int frame = pairs.FrameOf(row, 1);
    // Lossy video, about 36 dB.
    EXPECT_LT(MeanDifference(pairs, row, RenderFrame(clip, clips.body(), frame).color), 6) << frame;
  }
}

// Seen through a lens, the picture is that of the same camera without one.
TEST(StudentTruth, PicturesAreWithoutDistortion) {
  const StudentClips clips(1, /*distortion_k1=*/-0.3);
  const Pairs pairs(clips, 128, 96);
  const auto render = [&](const SyntheticOptions& options) {
    const SyntheticClip clip = MakeSyntheticClip(clips.body(), options, clips.Name(0), clips.seed(0), 2);
    return RenderFrame(clip, clips.body(), pairs.FrameOf(0, 1)).color;
  };
  SyntheticOptions straight = clips.options();
  straight.distortion_k1 = 0;
  const double difference = MeanDifference(pairs, 0, render(straight));
  EXPECT_LT(difference, 12);  // Lossy, and twice interpolated.
  EXPECT_LT(1.5 * difference, MeanDifference(pairs, 0, render(clips.options())));
}

// A label may lack boxes and contacts: boxes come from the body, contacts are unknown.
TEST(StudentTruth, LabelsWithoutBoxesAndContacts) {
  const StudentClips clips(1);
  const Pairs full(clips, 128, 96);
  labels::Label label = labels::ReadLabel(clips.Truth(0));
  label.reconstruction.people[0].box_px.clear();
  label.reconstruction.people[0].foot_contact.clear();
  std::filesystem::remove(clips.Truth(0));
  ASSERT_TRUE(labels::WriteLabel(label, clips.Truth(0)));
  const Pairs bare(clips, 128, 96);
  EXPECT_GT(full.batch.targets.contact.max().item<double>(), 0.5);
  EXPECT_EQ(bare.batch.targets.contact.abs().max().item<double>(), 0);
  // What is seen of a body is part of it, to a pixel.
  const at::Tensor seen = full.batch.batch.boxes_px, whole = bare.batch.batch.boxes_px;
  EXPECT_TRUE((whole.slice(-1, 0, 2) < seen.slice(-1, 0, 2) + 1.5).all().item<bool>());
  EXPECT_TRUE((whole.slice(-1, 2, 4) > seen.slice(-1, 2, 4) - 1.5).all().item<bool>());
  const double area =
      ((whole.select(-1, 2) - whole.select(-1, 0)) * (whole.select(-1, 3) - whole.select(-1, 1)))
          .median()
          .item<double>();
  EXPECT_LT(area, 128 * 96);
  EXPECT_TRUE(at::equal(full.batch.targets.translation1, bare.batch.targets.translation1));
}

}  // namespace
}  // namespace foothold
