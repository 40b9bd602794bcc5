// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/pair_targets.h"

#include <algorithm>
#include <array>

#include "foothold/base/error.h"
#include "foothold/geometry/rotation_forms.h"
#include "labels/hdf5.h"

namespace foothold {
namespace {

// Start of tensor[row][image], as numbers.
template <class T>
T* Slot(const at::Tensor& tensor, int64_t row, int64_t image = 0) {
  return tensor.data_ptr<T>() + row * tensor.stride(0) + (image > 0 ? image * tensor.stride(1) : 0);
}

template <class Values>
void Store(const Values& values, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(values[i]);
}

void StoreRows(const Quatd& rotation, float* out) {
  Store(SixNumbersFromMatrix(MatrixFromQuaternion(rotation)), 6, out);
}

// [H, W, 3] bytes to [3, H, W] in [-1, 1].
void StorePicture(const uint8_t* rgb, size_t num_pixels, float* out) {
  for (size_t i = 0; i < num_pixels; ++i) {
    for (size_t c = 0; c < 3; ++c)
      out[c * num_pixels + i] = static_cast<float>(rgb[3 * i + c]) * (2.0F / 255) - 1;
  }
}

void StorePoints(const StudentPack& pack, int keyframe, double min_confidence, float* points, bool* known) {
  const StudentClip& clip = pack.clip();
  const uint16_t* depth = pack.DepthHalf(keyframe);
  const uint8_t* confidence = pack.Confidence(keyframe);
  // In double, so that 0.1 means the same step here as where it was rounded.
  const double least = 255 * min_confidence;
  size_t i = 0;
  for (int y = 0; y < clip.height; ++y) {
    const auto ray_y = static_cast<float>((y - clip.pinhole.center_y_px) / clip.pinhole.focal_px);
    for (int x = 0; x < clip.width; ++x, ++i) {
      const float z = labels::FloatFromHalf({depth[i]});
      known[i] = z > 0 && confidence[i] > 0 && confidence[i] >= least;
      points[3 * i] = z * static_cast<float>((x - clip.pinhole.center_x_px) / clip.pinhole.focal_px);
      points[3 * i + 1] = z * ray_y;
      points[3 * i + 2] = z;
    }
  }
}

void StoreSceneMask(const uint8_t* people_bits, size_t num_pixels, bool* scene) {
  for (size_t i = 0; i < num_pixels; ++i) scene[i] = (people_bits[i / 8] >> (i % 8) & 1) == 0;
}

// Toe and heel of the label stand for SMPL's foot and ankle, as kContactJoints orders them.
void StoreContact(const std::array<float, 4>& heel_toe, float* out) {
  Store(std::array<float, 4>{heel_toe[1], heel_toe[3], heel_toe[0], heel_toe[2]}, 4, out);
}

void StorePose(const BodyPose& body, float* out) {
  for (int k = 0; k < kNumJoints - 1; ++k) Store(LogQuaternion(body.joints[k]), 3, out + 3 * k);
}

void StoreCorners(const Box& box, float* out) {
  Store(std::array<float, 4>{box.x, box.y, box.x + box.width, box.y + box.height}, 4, out);
}

void FillImage(const StudentPack& pack,
               const StudentPerson& person,
               int entry,
               double min_point_confidence,
               int64_t row,
               int image,
               LoadedBatch* batch) {
  const StudentClip& clip = pack.clip();
  PairTargets& targets = batch->targets;
  const int frame = person.frames[entry];
  const int picture = IndexOf(clip.pictures, frame);
  FOOTHOLD_CHECK(picture >= 0,
                 "clip " + clip.clip_id + ": frame " + std::to_string(frame) + " has no picture");
  StorePicture(pack.Rgb(picture), pack.num_pixels(), Slot<float>(batch->batch.images, row, image));
  StoreCorners(person.box_px[entry], Slot<float>(batch->batch.boxes_px, row, image));

  const BodyPose in_cam =
      TransformBody(Inverse(clip.world_from_cam[frame]), person.body_in_world[entry], person.rest_pelvis_m);
  StoreRows(in_cam.root, Slot<float>(image == 0 ? targets.rotation1 : targets.rotation2, row));
  Store(in_cam.translation_m, 3, Slot<float>(image == 0 ? targets.translation1 : targets.translation2, row));
  StorePose(in_cam, Slot<float>(targets.pose, row, image));
  StoreContact(person.foot_contact[entry], Slot<float>(targets.contact, row, image));

  StoreSceneMask(pack.PeopleBits(picture), pack.num_pixels(), Slot<bool>(targets.scene_mask, row, image));
  float* points = Slot<float>(targets.points, row, image);
  bool* known = Slot<bool>(targets.points_mask, row, image);
  const int keyframe = IndexOf(clip.keyframes, frame);
  if (keyframe >= 0) {
    StorePoints(pack, keyframe, min_point_confidence, points, known);
  } else {
    std::fill_n(points, 3 * pack.num_pixels(), 0.0F);
    std::fill_n(known, pack.num_pixels(), false);
  }
}

}  // namespace

LoadedBatch MakeEmptyBatch(int64_t count, int64_t height, int64_t width) {
  const auto floats = [](at::IntArrayRef sizes) { return at::empty(sizes, at::dtype(at::kFloat)); };
  const auto mask = [&] { return at::empty({count, 2, height, width}, at::dtype(at::kBool)); };
  LoadedBatch batch;
  batch.batch.images = floats({count, 2, 3, height, width});
  batch.batch.boxes_px = floats({count, 2, 4});
  PairTargets& targets = batch.targets;
  for (at::Tensor* three : {&targets.rel_translation, &targets.translation1, &targets.translation2}) {
    *three = floats({count, 3});
  }
  for (at::Tensor* six : {&targets.rel_rotation, &targets.rotation1, &targets.rotation2})
    *six = floats({count, 6});
  targets.shape = floats({count, kNumShape});
  targets.pose = floats({count, 2, kNumJoints - 1, 3});
  targets.points = floats({count, 2, height, width, 3});
  targets.points_mask = mask();
  targets.contact = floats({count, 2, 4});
  targets.scene_mask = mask();
  batch.sample_seeds.resize(static_cast<size_t>(count));
  return batch;
}

void FillSample(const StudentPack& pack,
                const FramePair& pair,
                double min_point_confidence,
                int64_t row,
                LoadedBatch* batch) {
  const StudentPerson& person = pack.clip().people[pair.person];
  FillImage(pack, person, pair.first, min_point_confidence, row, 0, batch);
  FillImage(pack, person, pair.second, min_point_confidence, row, 1, batch);
  const Rigid3d motion = RelativeMotion(person.body_in_world[pair.first], person.body_in_world[pair.second]);
  StoreRows(motion.rotation, Slot<float>(batch->targets.rel_rotation, row));
  Store(motion.translation, 3, Slot<float>(batch->targets.rel_translation, row));
  Store(person.shape, kNumShape, Slot<float>(batch->targets.shape, row));
}

Rigid3d RelativeMotion(const BodyPose& from, const BodyPose& to) {
  const Quatd root_from_world = Conjugate(from.root);
  return {Normalized(root_from_world * to.root),
          Rotate(root_from_world, to.translation_m - from.translation_m)};
}

}  // namespace foothold
