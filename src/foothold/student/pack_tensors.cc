// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/pack_tensors.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"

namespace foothold {
namespace {

constexpr int kBodyNumbers = 4 * kNumJoints + 3;  // Quaternions wxyz of root and joints, translation.
constexpr int kRigidNumbers = 7;

template <class T>
constexpr TensorType TypeOf();
template <>
constexpr TensorType TypeOf<double>() {
  return TensorType::kF64;
}
template <>
constexpr TensorType TypeOf<float>() {
  return TensorType::kF32;
}
template <>
constexpr TensorType TypeOf<int32_t>() {
  return TensorType::kI32;
}

std::string GroupOf(size_t person) {
  char name[32];
  std::snprintf(name, sizeof name, "people/%04zu/", person);
  return name;
}

void Append(const Quatd& q, std::vector<double>* numbers) {
  numbers->insert(numbers->end(), {q.w, q.x, q.y, q.z});
}
void Append(const Vec3d& v, std::vector<double>* numbers) {
  numbers->insert(numbers->end(), v.data, v.data + 3);
}
Quatd QuaternionAt(const double* numbers) { return {numbers[0], numbers[1], numbers[2], numbers[3]}; }
Vec3d VectorAt(const double* numbers) { return {numbers[0], numbers[1], numbers[2]}; }

// Values of a tensor of `columns` numbers per row (0: one per row, shape [n]).
template <class T>
std::vector<T> Get(const SafetensorsFile& file, const std::string& name, int columns = 0) {
  const TensorView& view = file.Tensor(name);
  const bool fits = view.type == TypeOf<T>() && view.shape.size() == (columns == 0 ? 1 : 2) &&
                    (columns == 0 || view.shape[1] == columns);
  if (!fits) {
    throw Error(ErrorKind::kBadInput,
                file.origin() + ": tensor '" + name + "' is " + NameOf(view.type) + " " +
                    FormatShape(view.shape) + "; delete the pack, and it is made again");
  }
  std::vector<T> values(view.num_bytes / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), view.bytes, view.num_bytes);
  return values;
}

void PutPerson(const StudentPerson& person, const std::string& group, PackTensors* tensors) {
  const auto count = static_cast<int64_t>(person.frames.size());
  std::vector<double> bodies;
  for (const BodyPose& body : person.body_in_world) {
    Append(body.root, &bodies);
    for (const Quatd& joint : body.joints) Append(joint, &bodies);
    Append(body.translation_m, &bodies);
  }
  std::vector<float> boxes, contacts;
  for (const Box& box : person.box_px) boxes.insert(boxes.end(), {box.x, box.y, box.width, box.height});
  for (const auto& contact : person.foot_contact)
    contacts.insert(contacts.end(), contact.begin(), contact.end());
  std::vector<double> numbers(person.shape.begin(), person.shape.end());
  Append(person.rest_pelvis_m, &numbers);
  numbers.push_back(person.contact_spread);
  tensors->Put<int32_t>(group + "id", {person.id}, {1});
  tensors->Put(group + "shape_pelvis_spread", numbers, {static_cast<int64_t>(numbers.size())});
  if (person.student_distance_m >= 0)
    tensors->Put<double>(group + "student_distance_m", {person.student_distance_m}, {1});
  tensors->Put(group + "frame", std::vector<int32_t>(person.frames.begin(), person.frames.end()), {count});
  tensors->Put(group + "body_in_world", bodies, {count, kBodyNumbers});
  tensors->Put(group + "confidence", person.confidence, {count});
  tensors->Put(group + "box_px", boxes, {count, 4});
  tensors->Put(group + "foot_contact", contacts, {count, 4});
}

StudentPerson PersonOf(const SafetensorsFile& file, const std::string& group) {
  StudentPerson person;
  const auto frames = Get<int32_t>(file, group + "frame");
  const auto bodies = Get<double>(file, group + "body_in_world", kBodyNumbers);
  const auto boxes = Get<float>(file, group + "box_px", 4);
  const auto contacts = Get<float>(file, group + "foot_contact", 4);
  const auto numbers = Get<double>(file, group + "shape_pelvis_spread");
  const auto ids = Get<int32_t>(file, group + "id");
  person.confidence = Get<float>(file, group + "confidence");
  const size_t count = frames.size();
  if (bodies.size() != count * kBodyNumbers || boxes.size() != count * 4 || contacts.size() != count * 4 ||
      person.confidence.size() != count || numbers.size() != kNumShape + 4 || ids.size() != 1) {
    throw Error(
        ErrorKind::kBadInput,
        file.origin() + ": tensors of " + group + " differ in length; delete the pack, and it is made again");
  }
  person.id = ids[0];
  std::copy_n(numbers.begin(), kNumShape, person.shape.begin());
  person.rest_pelvis_m = VectorAt(&numbers[kNumShape]);
  person.contact_spread = numbers[kNumShape + 3];
  if (file.tensors().count(group + "student_distance_m") > 0) {
    const auto distance = Get<double>(file, group + "student_distance_m");
    if (!distance.empty()) person.student_distance_m = distance[0];
  }
  person.frames.assign(frames.begin(), frames.end());
  for (size_t i = 0; i < count; ++i) {
    const double* at = &bodies[i * kBodyNumbers];
    BodyPose body;
    body.root = QuaternionAt(at);
    for (int k = 0; k < kNumJoints - 1; ++k) body.joints[k] = QuaternionAt(at + 4 * (k + 1));
    body.translation_m = VectorAt(at + 4 * kNumJoints);
    person.body_in_world.push_back(body);
    person.box_px.push_back({boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]});
    person.foot_contact.push_back(
        {contacts[4 * i], contacts[4 * i + 1], contacts[4 * i + 2], contacts[4 * i + 3]});
  }
  return person;
}

void RequireFrames(const SafetensorsFile& file,
                   const std::string& name,
                   const std::vector<int>& frames,
                   size_t limit) {
  int previous = -1;
  for (const int frame : frames) {
    if (frame <= previous || static_cast<size_t>(frame) >= limit) {
      throw Error(ErrorKind::kBadInput,
                  file.origin() + ": " + name + ": frame " + std::to_string(frame) +
                      " is out of order or beyond the " + std::to_string(limit) +
                      " there are; delete the pack, and it is made again");
    }
    previous = frame;
  }
}

const std::string& TextOf(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    throw Error(ErrorKind::kBadInput,
                file.origin() + ": the metadata lack '" + key + "'; delete the pack, and it is made again");
  }
  return found->second;
}

}  // namespace

template <class T>
void PackTensors::Put(const std::string& name,
                      const std::vector<T>& values,
                      const std::vector<int64_t>& shape) {
  std::vector<uint8_t>& bytes = storage_[name];
  bytes.resize(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  PutView(name, TypeOf<T>(), shape, bytes.data());
}

void PackTensors::PutView(const std::string& name,
                          TensorType type,
                          const std::vector<int64_t>& shape,
                          const void* bytes) {
  size_t num_bytes = BytesOf(type);
  for (const int64_t side : shape) num_bytes *= static_cast<size_t>(side);
  views_[name] = {type, shape, static_cast<const uint8_t*>(bytes), num_bytes};
}

int IndexOf(const std::vector<int>& ascending, int value) {
  const auto found = std::lower_bound(ascending.begin(), ascending.end(), value);
  return found != ascending.end() && *found == value ? static_cast<int>(found - ascending.begin()) : -1;
}

void PutClip(const StudentClip& clip, PackTensors* tensors) {
  std::vector<double> cameras;
  for (const Rigid3d& camera : clip.world_from_cam) {
    Append(camera.rotation, &cameras);
    Append(camera.translation, &cameras);
  }
  const auto count = [](const auto& values) { return static_cast<int64_t>(values.size()); };
  tensors->Put("camera/world_from_cam", cameras, {count(clip.world_from_cam), kRigidNumbers});
  tensors->Put<double>(
      "camera/pinhole", {clip.pinhole.focal_px, clip.pinhole.center_x_px, clip.pinhole.center_y_px}, {3});
  tensors->Put<int32_t>("size_px", {clip.width, clip.height}, {2});
  tensors->Put("pictures/frame",
               std::vector<int32_t>(clip.pictures.begin(), clip.pictures.end()),
               {count(clip.pictures)});
  tensors->Put("keyframes/frame",
               std::vector<int32_t>(clip.keyframes.begin(), clip.keyframes.end()),
               {count(clip.keyframes)});
  tensors->Put("keyframes/match_inlier_share", clip.match_inlier_share, {count(clip.match_inlier_share)});
  for (size_t p = 0; p < clip.people.size(); ++p) PutPerson(clip.people[p], GroupOf(p), tensors);
}

std::map<std::string, std::string> MetadataOf(const StudentClip& clip) {
  return {{"format", "foothold-student-pack 1"},
          {"clip_id", clip.clip_id},
          {"source_hash", clip.source_hash},
          {"kind", clip.kind},
          {"label_checksum", clip.label_checksum},
          {"body_model_hash", clip.body_model_hash},
          {"num_people", std::to_string(clip.people.size())}};
}

StudentClip ClipOf(const SafetensorsFile& file) {
  if (TextOf(file, "format") != "foothold-student-pack 1") {
    throw Error(ErrorKind::kBadInput,
                file.origin() + ": is '" + TextOf(file, "format") +
                    "', not a pack of this version; delete it, and it is made again");
  }
  StudentClip clip;
  clip.clip_id = TextOf(file, "clip_id");
  clip.source_hash = TextOf(file, "source_hash");
  clip.kind = TextOf(file, "kind");
  clip.label_checksum = TextOf(file, "label_checksum");
  clip.body_model_hash = TextOf(file, "body_model_hash");
  const auto size = Get<int32_t>(file, "size_px");
  const auto pinhole = Get<double>(file, "camera/pinhole");
  const auto cameras = Get<double>(file, "camera/world_from_cam", kRigidNumbers);
  const auto pictures = Get<int32_t>(file, "pictures/frame"),
             keyframes = Get<int32_t>(file, "keyframes/frame");
  clip.match_inlier_share = Get<float>(file, "keyframes/match_inlier_share");
  if (size.size() != 2 || pinhole.size() != 3 || clip.match_inlier_share.size() != keyframes.size()) {
    throw Error(ErrorKind::kBadInput,
                file.origin() + ": sizes of its tensors do not agree; delete the pack, and it is made again");
  }
  clip.width = size[0];
  clip.height = size[1];
  clip.pinhole = {pinhole[0], pinhole[1], pinhole[2]};
  for (size_t i = 0; i < cameras.size(); i += kRigidNumbers) {
    clip.world_from_cam.push_back({QuaternionAt(&cameras[i]), VectorAt(&cameras[i + 4])});
  }
  clip.pictures.assign(pictures.begin(), pictures.end());
  clip.keyframes.assign(keyframes.begin(), keyframes.end());
  const int num_people = std::atoi(TextOf(file, "num_people").c_str());
  const size_t num_frames = clip.world_from_cam.size();
  RequireFrames(file, "pictures/frame", clip.pictures, num_frames);
  RequireFrames(file, "keyframes/frame", clip.keyframes, num_frames);
  for (int p = 0; p < num_people; ++p) {
    clip.people.push_back(PersonOf(file, GroupOf(p)));
    RequireFrames(file, GroupOf(p) + "frame", clip.people.back().frames, num_frames);
  }
  return clip;
}

const char* ChecksumKey(PackPart part) { return part == PackPart::kFacts ? "facts_xxh3" : "pixels_xxh3"; }

std::string ChecksumOf(const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       PackPart part) {
  Hasher hasher;
  const auto add = [&](const std::string& text) { hasher.Update(text.data(), text.size()); };
  for (const auto& [key, text] : metadata) {
    if (part == PackPart::kFacts && !key.ends_with("_xxh3")) add(key + "=" + text + "\n");
  }
  for (const auto& [name, view] : tensors) {
    if (name.starts_with("pixels/") != (part == PackPart::kPixels)) continue;
    add(name + FormatShape(view.shape));
    if (view.num_bytes > 0) hasher.Update(view.bytes, view.num_bytes);
  }
  return hasher.Hex();
}

}  // namespace foothold
