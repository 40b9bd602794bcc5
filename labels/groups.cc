// SPDX-License-Identifier: Apache-2.0
#include "labels/groups.h"

#include <algorithm>

#include "foothold/base/error.h"
#include "foothold/base/options.h"

namespace foothold::labels {

namespace {

void AppendRotation(const Quatd& q, std::vector<double>* values) {
  values->insert(values->end(), {q.w, q.x, q.y, q.z});
}

Quatd RotationAt(const std::vector<double>& values, size_t index) {
  const double* q = values.data() + 4 * index;
  return {q[0], q[1], q[2], q[3]};
}

Vec3d VectorAt(const std::vector<double>& values, size_t index) {
  const double* v = values.data() + 3 * index;
  return {v[0], v[1], v[2]};
}

std::string OptionalString(const Hdf5Reader& reader, const std::string& name) {
  return reader.Has(name) ? reader.ReadString(name) : std::string();
}

}  // namespace

void FailDataset(const Hdf5Reader& reader, const std::string& dataset, const std::string& what) {
  throw Error(ErrorKind::kBadInput, reader.origin() + ": " + dataset + ": " + what);
}

void WriteFormat(Hdf5Writer* writer, const std::string& name, int version) {
  writer->WriteAttribute("/", "format", name);
  writer->WriteAttribute("/", "version", version);
}

void RequireFormat(const Hdf5Reader& reader, const std::string& name, int newest_version) {
  const std::string format = reader.ReadStringAttribute("/", "format");
  if (format != name) FailDataset(reader, "/@format", "is '" + format + "', expected '" + name + "'");
  const std::vector<double> version = reader.ReadNumberAttribute("/", "version");
  if (version.size() != 1 || !(version[0] >= 1 && version[0] <= newest_version)) {
    FailDataset(reader, "/@version", "expected one number, 1 to " + std::to_string(newest_version));
  }
}

void RequireKnown(const Hdf5Reader& reader, const std::string& group, const std::vector<std::string>& known) {
  for (const std::string& name : reader.Names(group)) {
    if (name == "extra" || std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string nearest = NearestWord(name, known);
    FailDataset(reader,
                group == "/" ? name : group + "/" + name,
                "unknown name" + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") +
                    " (data of your own goes into a group called extra)");
  }
}

void WriteClip(Hdf5Writer* writer, const Clip& clip) {
  writer->WriteString("clip/id", clip.id);
  writer->WriteString("clip/name", clip.name);
  writer->WriteString("clip/source_path", clip.source_path);
  writer->WriteString("clip/source_hash", clip.source_hash);
  writer->WriteScalar<int32_t>("clip/first_frame", clip.first_frame);
  writer->Write("clip/time_s", clip.time_s, {clip.time_s.size()});
  writer->WriteScalar("clip/frame_rate_hz", clip.frame_rate_hz);
  const ImageTransform& transform = clip.working_from_source;
  writer->Write<int32_t>("clip/source_size_px", {transform.source_width, transform.source_height}, {2});
  writer->Write<int32_t>("clip/working_size_px", {transform.width, transform.height}, {2});
  writer->Write<double>("clip/working_from_source_scale", {transform.scale_x, transform.scale_y}, {2});
  writer->Write<double>(
      "clip/working_from_source_offset_px", {transform.offset_x_px, transform.offset_y_px}, {2});
}

Clip ReadClip(const Hdf5Reader& reader) {
  RequireKnown(reader,
               "clip",
               {"id",
                "name",
                "source_path",
                "source_hash",
                "first_frame",
                "time_s",
                "frame_rate_hz",
                "source_size_px",
                "working_size_px",
                "working_from_source_scale",
                "working_from_source_offset_px"});
  Clip clip;
  clip.id = OptionalString(reader, "clip/id");
  clip.name = OptionalString(reader, "clip/name");
  clip.source_path = OptionalString(reader, "clip/source_path");
  clip.source_hash = OptionalString(reader, "clip/source_hash");
  if (reader.Has("clip/first_frame")) clip.first_frame = reader.ReadScalar<int32_t>("clip/first_frame");
  clip.time_s = reader.Read<double>("clip/time_s", {CountRows(reader, "clip/time_s", {})});
  clip.frame_rate_hz = reader.ReadScalar<double>("clip/frame_rate_hz");
  ImageTransform& transform = clip.working_from_source;
  const std::vector<int32_t> source = reader.Read<int32_t>("clip/source_size_px", {2});
  transform.source_width = source[0];
  transform.source_height = source[1];
  const std::vector<int32_t> working = reader.Read<int32_t>("clip/working_size_px", {2});
  transform.width = working[0];
  transform.height = working[1];
  const std::vector<double> scale = reader.Read<double>("clip/working_from_source_scale", {2});
  transform.scale_x = scale[0];
  transform.scale_y = scale[1];
  const std::vector<double> offset = reader.Read<double>("clip/working_from_source_offset_px", {2});
  transform.offset_x_px = offset[0];
  transform.offset_y_px = offset[1];
  return clip;
}

void WriteRigids(Hdf5Writer* writer, const std::string& name, const std::vector<Rigid3d>& rigids) {
  std::vector<double> rotations, translations;
  for (const Rigid3d& rigid : rigids) {
    AppendRotation(rigid.rotation, &rotations);
    translations.insert(translations.end(), rigid.translation.data, rigid.translation.data + 3);
  }
  writer->Write(name + "_rotation", rotations, {rigids.size(), 4});
  writer->Write(name + "_translation_m", translations, {rigids.size(), 3});
}

std::vector<Rigid3d> ReadRigids(const Hdf5Reader& reader, const std::string& name) {
  const size_t count = CountRows(reader, name + "_rotation", {4});
  const std::vector<double> rotations = reader.Read<double>(name + "_rotation");
  const std::vector<double> translations = reader.Read<double>(name + "_translation_m", {count, 3});
  std::vector<Rigid3d> rigids(count);
  for (size_t i = 0; i < count; ++i) rigids[i] = {RotationAt(rotations, i), VectorAt(translations, i)};
  return rigids;
}

void WriteBodies(Hdf5Writer* writer, const std::string& name, const std::vector<BodyPose>& bodies) {
  std::vector<double> rotations, translations;
  for (const BodyPose& body : bodies) {
    AppendRotation(body.root, &rotations);
    for (const Quatd& joint : body.joints) AppendRotation(joint, &rotations);
    translations.insert(translations.end(), body.translation_m.data, body.translation_m.data + 3);
  }
  writer->Write(name + "_rotation", rotations, {bodies.size(), kNumJoints, 4});
  writer->Write(name + "_translation_m", translations, {bodies.size(), 3});
}

std::vector<BodyPose> ReadBodies(const Hdf5Reader& reader, const std::string& name) {
  const size_t count = CountRows(reader, name + "_rotation", {kNumJoints, 4});
  const std::vector<double> rotations = reader.Read<double>(name + "_rotation");
  const std::vector<double> translations = reader.Read<double>(name + "_translation_m", {count, 3});
  std::vector<BodyPose> bodies(count);
  for (size_t i = 0; i < count; ++i) {
    bodies[i].root = RotationAt(rotations, kNumJoints * i);
    bodies[i].translation_m = VectorAt(translations, i);
    for (int k = 1; k < kNumJoints; ++k) bodies[i].joints[k - 1] = RotationAt(rotations, kNumJoints * i + k);
  }
  return bodies;
}

void WriteBoxes(Hdf5Writer* writer, const std::string& name, const std::vector<Box>& boxes) {
  std::vector<float> values;
  for (const Box& box : boxes) values.insert(values.end(), {box.x, box.y, box.width, box.height});
  writer->Write(name, values, {boxes.size(), 4});
}

std::vector<Box> ReadBoxes(const Hdf5Reader& reader, const std::string& name) {
  std::vector<Box> boxes(CountRows(reader, name, {4}));
  const std::vector<float> values = reader.Read<float>(name);
  for (size_t i = 0; i < boxes.size(); ++i) {
    boxes[i] = {values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]};
  }
  return boxes;
}

void WriteShape(Hdf5Writer* writer, const std::string& name, const BodyShape& shape) {
  writer->Write(name, std::vector<double>(shape.begin(), shape.end()), {kNumShape});
}

BodyShape ReadShape(const Hdf5Reader& reader, const std::string& name) {
  const std::vector<double> values = reader.Read<double>(name, {kNumShape});
  BodyShape shape;
  std::copy(values.begin(), values.end(), shape.begin());
  return shape;
}

void WriteBool(Hdf5Writer* writer, const std::string& name, bool value) {
  writer->WriteScalar<uint8_t>(name, value ? 1 : 0);
}

bool ReadBool(const Hdf5Reader& reader, const std::string& name) {
  const uint8_t value = reader.ReadScalar<uint8_t>(name);
  if (value > 1) FailDataset(reader, name, "is " + std::to_string(value) + ", expected 0 or 1");
  return value == 1;
}

std::vector<std::string> ReadFlags(const Hdf5Reader& reader, const std::string& name) {
  return reader.Has(name) ? reader.ReadStrings(name) : std::vector<std::string>();
}

size_t CountRows(const Hdf5Reader& reader, const std::string& name, const Hdf5Shape& rest) {
  const Hdf5Shape shape = reader.Shape(name);
  if (shape.empty() || !std::equal(shape.begin() + 1, shape.end(), rest.begin(), rest.end())) {
    std::string expected = "[N";
    for (size_t extent : rest) expected += ", " + std::to_string(extent);
    FailDataset(reader, name, "has shape " + FormatShape(shape) + ", expected " + expected + "]");
  }
  return shape[0];
}

}  // namespace foothold::labels
