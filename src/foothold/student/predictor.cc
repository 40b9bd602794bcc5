// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/predictor.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/student/body_joints.h"
#include "foothold/student/josh3r.h"
#include "foothold/student/student_view.h"
#include "foothold/student/world_motion.h"
#include "foothold/video/video.h"

namespace foothold {

namespace {

class Student : public PairModel {
 public:
  Student(const std::string& path, const std::string& device, const std::string& precision)
      : device_(DeviceNamed(device)), precision_(PrecisionNamed(precision)) {
    const SafetensorsFile file(path);
    network_ = std::make_unique<Josh3r>(Scope(&parameters_), Josh3rConfigOf(file));
    parameters_.Load(file);
    parameters_.To(device_, precision_);
  }
  int patch_size_px() const override { return network_->config().backbone.patch_size_px; }

  PairPrediction Predict(const at::Tensor& images, const at::Tensor& boxes_px, const int frames[2]) override {
    PairPrediction out;
    TranslateTorchErrors("the student", [&] {
      const c10::NoGradGuard no_gradients;
      const ImageTokens first = frames[0] == last_frame_ ? last_ : Encode(images[0]);
      last_ = Encode(images[1]);
      last_frame_ = frames[1];
      const std::vector<int64_t> everybody(static_cast<size_t>(boxes_px.size(0)), 0);
      out = network_->ForwardEncoded(
          first.Select(everybody), last_.Select(everybody), boxes_px.to(device_), ForwardMode());
    });
    for (const auto field : {&PairPrediction::rel_translation,
                             &PairPrediction::rel_rotation,
                             &PairPrediction::translation1,
                             &PairPrediction::translation2,
                             &PairPrediction::points1,
                             &PairPrediction::points2,
                             &PairPrediction::scale1,
                             &PairPrediction::scale2}) {
      out.*field = (out.*field).to(at::kCPU, at::kFloat);
    }
    return out;
  }

 private:
  ImageTokens Encode(const at::Tensor& image) const {
    return network_->backbone().Encode(image.unsqueeze(0).to(device_, precision_));
  }

  at::Device device_;
  at::ScalarType precision_;
  ParameterSet parameters_;
  std::unique_ptr<Josh3r> network_;
  int last_frame_ = -1;
  ImageTokens last_;
};

// Of the pictures that the network sees: in the working image's shape, sides multiples of a patch.
ImageTransform ViewFor(const ImageTransform& working, int side_px, int patch_px) {
  const double scale = static_cast<double>(side_px) / std::max(working.width, working.height);
  const auto fit = [&](int side) {
    return static_cast<int>(std::max<int64_t>(1, std::lround(side * scale / patch_px))) * patch_px;
  };
  return MakeStudentView(working.width, working.height, fit(working.width), fit(working.height));
}

// [3, H, W] in [-1, 1].
at::Tensor NetworkImage(const ImageU8& color, const Observations& observations, const ImageTransform& view) {
  FOOTHOLD_CHECK(color.channels == 3 && !color.empty(), "a frame without colour");
  const ImageU8 picture =
      ToWorkingImage(Undistort(color, observations.camera.pinhole, observations.camera.distortion), view);
  const at::Tensor bytes = at::from_blob(
      const_cast<uint8_t*>(picture.data.data()), {picture.height, picture.width, 3}, at::dtype(at::kByte));
  return (bytes.permute({2, 0, 1}).to(at::kFloat) / 127.5 - 1).contiguous();
}

std::vector<int> FramesToCompare(int num_frames, int gap_frames) {
  std::vector<int> frames;
  for (int f = 0; f < num_frames; f += gap_frames) frames.push_back(f);
  if (frames.back() != num_frames - 1) frames.push_back(num_frames - 1);
  return frames;
}

// Entries of a person's frames, or -1, at the keyframes.
std::vector<int> EntriesAt(const PersonObservations& person, const std::vector<int>& keyframes) {
  std::vector<int> entries;
  size_t i = 0;
  for (const int frame : keyframes) {
    while (i < person.frames.size() && person.frames[i].frame < frame) ++i;
    entries.push_back(i < person.frames.size() && person.frames[i].frame == frame ? static_cast<int>(i) : -1);
  }
  return entries;
}

Vec3d ToVec(const at::Tensor& row) {
  const at::Tensor numbers = row.to(at::kDouble).contiguous();
  const double* x = numbers.data_ptr<double>();
  return {x[0], x[1], x[2]};
}

// What the student says at the keyframes, collected pair by pair.
struct Sayings {
  std::vector<PersonMotion> motions;
  std::vector<std::vector<Vec3d>> translation_m;        // [person][keyframe], of the body in the camera.
  std::vector<std::vector<double>> translation_weight;  // 0: nothing was said.
  std::vector<at::Tensor> depth;                        // [keyframe] [H, W], undefined where unknown.
  std::vector<double> scale;                            // [keyframe] metres per unit of depth.
};

// Two pairs speak of a keyframe in their middle: their mean counts.
void Say(Sayings* sayings, int person, int keyframe, const Vec3d& translation_m) {
  double& weight = sayings->translation_weight[person][keyframe];
  Vec3d& mean = sayings->translation_m[person][keyframe];
  mean = mean + (1 / (weight + 1)) * (translation_m - mean);
  weight += 1;
}

void Listen(const PairPrediction& said,
            const std::vector<int>& people,
            const Observations& observations,
            const std::vector<std::vector<int>>& entries,
            int pair,
            Sayings* sayings) {
  const at::Tensor rotations = RotationFromRows(said.rel_rotation.to(at::kDouble)).contiguous();
  for (size_t n = 0; n < people.size(); ++n) {
    const int p = people[n];
    PersonMotion motion;
    motion.person = p;
    motion.first = pair;
    motion.second = pair + 1;
    Mat3d rotation;
    const double* numbers = rotations[static_cast<int64_t>(n)].data_ptr<double>();
    std::copy(numbers, numbers + 9, rotation.data);
    motion.rel_rotation = QuaternionFromMatrix(rotation);
    motion.rel_translation_m = ToVec(said.rel_translation[static_cast<int64_t>(n)]);
    motion.translation_m[0] = ToVec(said.translation1[static_cast<int64_t>(n)]);
    motion.translation_m[1] = ToVec(said.translation2[static_cast<int64_t>(n)]);
    const auto& frames = observations.people[p].frames;
    motion.weight =
        1e-3 + std::min(frames[entries[p][pair]].confidence, frames[entries[p][pair + 1]].confidence);
    Say(sayings, p, pair, motion.translation_m[0]);
    Say(sayings, p, pair + 1, motion.translation_m[1]);
    sayings->motions.push_back(motion);
  }
  sayings->depth[pair] = said.points1[0].select(-1, 2).contiguous();
  sayings->scale[pair] = said.scale1[0].item<double>();
}

// Two pairs put a person at different places at the keyframe that they share. The camera has to follow the
// place where the body ends up: else each such difference would be a step of the person through the world.
void AgreeOnPlaces(Sayings* sayings) {
  for (PersonMotion& motion : sayings->motions) {
    const std::vector<Vec3d>& places_m = sayings->translation_m[motion.person];
    motion.translation_m[0] = places_m[motion.first];
    motion.translation_m[1] = places_m[motion.second];
  }
}

void RequireFinite(const PairPrediction& said, int frame) {
  for (const at::Tensor& numbers : {said.rel_translation,
                                    said.rel_rotation,
                                    said.translation1,
                                    said.translation2,
                                    said.points1,
                                    said.scale1}) {
    if (at::isfinite(numbers).all().item<bool>()) continue;
    throw Error(ErrorKind::kContract,
                "the student returned a number that is not finite at frame " + std::to_string(frame) +
                    "; its weights are damaged or were not trained");
  }
}

Sayings Ask(const Observations& observations,
            const std::vector<int>& keyframes,
            const std::vector<std::vector<int>>& entries,
            const ImageTransform& view,
            const FrameColor& color,
            PairModel* model) {
  const size_t num_people = observations.people.size(), num_keyframes = keyframes.size();
  Sayings sayings;
  sayings.translation_m.assign(num_people, std::vector<Vec3d>(num_keyframes, Vec3d::Zero()));
  sayings.translation_weight.assign(num_people, std::vector<double>(num_keyframes, 0));
  sayings.depth.resize(num_keyframes);
  sayings.scale.assign(num_keyframes, 0);
  at::Tensor last = NetworkImage(color(keyframes[0]), observations, view);
  for (size_t k = 0; k + 1 < num_keyframes; ++k) {
    const at::Tensor next = NetworkImage(color(keyframes[k + 1]), observations, view);
    std::vector<int> people;
    std::vector<double> boxes;
    for (size_t p = 0; p < num_people; ++p) {
      if (entries[p][k] < 0 || entries[p][k + 1] < 0) continue;
      people.push_back(static_cast<int>(p));
      for (const size_t side : {k, k + 1}) {
        const Box box = InStudentView(observations.people[p].frames[entries[p][side]].box_px, view);
        boxes.insert(boxes.end(), {box.x, box.y, box.x + box.width, box.y + box.height});
      }
    }
    if (!people.empty()) {
      const at::Tensor boxes_px = at::tensor(boxes, at::dtype(at::kDouble))
                                      .to(at::kFloat)
                                      .view({static_cast<int64_t>(people.size()), 2, 4});
      const int frames[2] = {keyframes[k], keyframes[k + 1]};
      const PairPrediction said = model->Predict(at::stack({last, next}), boxes_px, frames);
      RequireFinite(said, frames[0]);
      Listen(said, people, observations, entries, static_cast<int>(k), &sayings);
    }
    last = next;
  }
  AgreeOnPlaces(&sayings);
  return sayings;
}

// The student's corrections of a body's place, between keyframes: linear in time, constant beyond them.
class PlaceCorrections {
 public:
  void Add(int frame, const Vec3d& correction_m) { at_.emplace(frame, correction_m); }
  bool empty() const { return at_.empty(); }
  Vec3d At(int frame) const {
    const auto after = at_.lower_bound(frame);
    if (after == at_.end()) return at_.rbegin()->second;
    if (after->first == frame || after == at_.begin()) return after->second;
    const auto before = std::prev(after);
    const double u = static_cast<double>(frame - before->first) / (after->first - before->first);
    return (1 - u) * before->second + u * after->second;
  }

 private:
  std::map<int, Vec3d> at_;
};

PersonInWorld PlacePerson(const PersonObservations& person,
                          const PlaceCorrections& corrections,
                          const std::vector<Rigid3d>& world_from_cam,
                          const BodyModel& body) {
  PersonInWorld out;
  out.id = person.id;
  out.shape = person.shape;
  out.flags = person.flags;
  if (corrections.empty()) out.flags.push_back("no_keyframe");
  const Vec3d rest_pelvis_m = RestPelvis(body, person.shape);
  for (const PersonFrame& frame : person.frames) {
    BodyPose in_cam = frame.body_in_cam;
    if (!corrections.empty()) in_cam.translation_m = in_cam.translation_m + corrections.At(frame.frame);
    out.frames.push_back(frame.frame);
    out.body_in_world.push_back(TransformBody(world_from_cam[frame.frame], in_cam, rest_pelvis_m));
    out.confidence.push_back(frame.confidence);
    out.box_px.push_back(frame.box_px);
    out.foot_contact.push_back({0, 0, 0, 0});
  }
  return out;
}

// At the pixels of the working image that the network saw: the nearest value.
KeyframeDepth DepthOf(const at::Tensor& depth, double scale, int frame, const ImageTransform& view) {
  KeyframeDepth out;
  out.frame = frame;
  out.scale = scale;
  out.depth_m = ImageF(view.source_width, view.source_height);
  out.confidence = ImageF(view.source_width, view.source_height);
  const float* from = depth.data_ptr<float>();
  for (int y = 0; y < out.depth_m.height; ++y) {
    const auto row = static_cast<int>(std::lround(view.scale_y * y + view.offset_y_px));
    if (row < 0 || row >= view.height) continue;
    for (int x = 0; x < out.depth_m.width; ++x) {
      const auto column = static_cast<int>(std::lround(view.scale_x * x + view.offset_x_px));
      if (column < 0 || column >= view.width) continue;
      const double depth_m = scale * from[static_cast<int64_t>(row) * view.width + column];
      if (!(depth_m > 0)) continue;
      out.depth_m.At(x, y) = static_cast<float>(depth_m);
      out.confidence.At(x, y) = 1;
    }
  }
  return out;
}

}  // namespace

std::unique_ptr<PairModel> LoadStudent(const std::string& path,
                                       const std::string& device,
                                       const std::string& precision) {
  std::unique_ptr<PairModel> student;
  TranslateTorchErrors(path, [&] { student = std::make_unique<Student>(path, device, precision); });
  return student;
}

void SetNetworkThreads(int threads) { at::set_num_threads(threads); }

Reconstruction PredictClip(const Observations& observations,
                           const BodyModel& body,
                           const PredictSettings& settings,
                           const FrameColor& color,
                           PairModel* model) {
  const int num_frames = observations.clip.num_frames();
  const std::vector<int> keyframes = FramesToCompare(num_frames, settings.gap_frames);
  std::vector<std::vector<int>> entries;
  std::vector<std::vector<KeyframeBody>> bodies;
  std::vector<Vec3d> rest_pelvis_m;
  for (const PersonObservations& person : observations.people) {
    entries.push_back(EntriesAt(person, keyframes));
    bodies.emplace_back();
    for (const int entry : entries.back()) {
      bodies.back().push_back(entry < 0 ? KeyframeBody()
                                        : KeyframeBody{true, person.frames[entry].body_in_cam.root});
    }
    rest_pelvis_m.push_back(RestPelvis(body, person.shape));
  }
  const ImageTransform view =
      ViewFor(observations.clip.working_from_source, settings.image_side_px, model->patch_size_px());
  const Sayings sayings = Ask(observations, keyframes, entries, view, color, model);

  Reconstruction out;
  out.pinhole = observations.camera.pinhole;
  out.distortion = observations.camera.distortion;
  out.flags = observations.flags;
  out.flags.push_back("student");
  int num_unseen = 0;
  out.world_from_cam = CamerasBetweenKeyframes(
      CamerasFromMotions(
          sayings.motions, bodies, rest_pelvis_m, static_cast<int>(keyframes.size()), &num_unseen),
      keyframes,
      num_frames);
  if (num_unseen > 0) out.flags.push_back("camera_unseen");
  for (size_t p = 0; p < observations.people.size(); ++p) {
    const PersonObservations& person = observations.people[p];
    PlaceCorrections corrections;
    for (size_t k = 0; k < keyframes.size(); ++k) {
      if (sayings.translation_weight[p][k] == 0) continue;
      corrections.Add(keyframes[k],
                      sayings.translation_m[p][k] - person.frames[entries[p][k]].body_in_cam.translation_m);
    }
    out.people.push_back(PlacePerson(person, corrections, out.world_from_cam, body));
  }
  std::vector<double> scales;
  std::vector<size_t> seen;
  for (size_t k = 0; k < keyframes.size(); ++k) {
    if (!sayings.depth[k].defined()) continue;
    seen.push_back(k);
    scales.push_back(sayings.scale[k]);
  }
  scales = SmoothScales(scales, settings.scale_reach);
  for (size_t i = 0; i < seen.size(); ++i) {
    out.keyframes.push_back(DepthOf(sayings.depth[seen[i]], scales[i], keyframes[seen[i]], view));
  }
  return out;
}

}  // namespace foothold
