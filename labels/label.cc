// SPDX-License-Identifier: Apache-2.0
#include "labels/label.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/scene/problem_list.h"
#include "labels/groups.h"
#include "labels/label_format.h"
#include "labels/quality_group.h"
#include "labels/signed_file.h"
#include "labels/summary_group.h"

namespace foothold::labels {

namespace {

// ---- Camera.

void WriteCamera(Hdf5Writer* writer, const Reconstruction& reconstruction) {
  const Pinholed& pinhole = reconstruction.pinhole;
  WriteRigids(writer, "camera/world_from_cam", reconstruction.world_from_cam);
  writer->WriteScalar("camera/focal_px", pinhole.focal_px);
  writer->Write<double>("camera/center_px", {pinhole.center_x_px, pinhole.center_y_px}, {2});
  writer->Write<double>(
      "camera/distortion", {reconstruction.distortion.k1, reconstruction.distortion.k2}, {2});
  WriteBool(writer, "camera/gravity_known", reconstruction.gravity_known);
}

void ReadCamera(const Hdf5Reader& reader, Reconstruction* reconstruction) {
  RequireKnown(reader,
               "camera",
               {"world_from_cam_rotation",
                "world_from_cam_translation_m",
                "focal_px",
                "center_px",
                "distortion",
                "gravity_known"});
  reconstruction->world_from_cam = ReadRigids(reader, "camera/world_from_cam");
  const std::vector<double> center = reader.Read<double>("camera/center_px", {2});
  reconstruction->pinhole = {reader.ReadScalar<double>("camera/focal_px"), center[0], center[1]};
  const std::vector<double> k = reader.Read<double>("camera/distortion", {2});
  reconstruction->distortion = {k[0], k[1]};
  reconstruction->gravity_known = ReadBool(reader, "camera/gravity_known");
}

// ---- Keyframes. Depth and confidence are float16: a relative step of 1/2048, a tenth of what the best
// depth here is worth, at a fifth of the size of compressed float32.

struct HalfDepth {
  Half depth, confidence;
};

// Depths outside float16's range become unknown, together with their confidence.
HalfDepth ToHalf(float depth_m, float confidence) {
  const HalfDepth half = {HalfFromFloat(depth_m), HalfFromFloat(confidence)};
  const bool in_range = half.depth.bits != 0 && std::isfinite(FloatFromHalf(half.depth));
  return in_range ? half : HalfDepth{};
}

void WriteKeyframes(Hdf5Writer* writer, const std::vector<KeyframeDepth>& keyframes) {
  std::vector<int32_t> frames;
  std::vector<double> scales;
  std::vector<Half> depths, confidences;
  for (const KeyframeDepth& keyframe : keyframes) {
    frames.push_back(keyframe.frame);
    scales.push_back(keyframe.scale);
    for (size_t i = 0; i < keyframe.depth_m.data.size(); ++i) {
      const HalfDepth half = ToHalf(keyframe.depth_m.data[i], keyframe.confidence.data[i]);
      depths.push_back(half.depth);
      confidences.push_back(half.confidence);
    }
  }
  Hdf5Shape shape = {keyframes.size(), 0, 0};
  if (!keyframes.empty()) {
    shape[1] = keyframes[0].depth_m.height;
    shape[2] = keyframes[0].depth_m.width;
  }
  writer->Write("keyframes/frame", frames, {frames.size()});
  writer->Write("keyframes/scale", scales, {scales.size()});
  writer->Write("keyframes/depth_m", depths, shape);
  writer->Write("keyframes/confidence", confidences, shape);
}

std::vector<KeyframeDepth> ReadKeyframes(const Hdf5Reader& reader) {
  RequireKnown(reader, "keyframes", {"frame", "scale", "depth_m", "confidence"});
  std::vector<KeyframeDepth> keyframes(CountRows(reader, "keyframes/frame", {}));
  const std::vector<int32_t> frames = reader.Read<int32_t>("keyframes/frame");
  const std::vector<double> scales = reader.Read<double>("keyframes/scale", {keyframes.size()});
  const Hdf5Shape shape = reader.Shape("keyframes/depth_m");
  constexpr size_t kMaxSide = 1 << 15;
  if (shape.size() != 3 || shape[0] != keyframes.size() || shape[1] > kMaxSide || shape[2] > kMaxSide) {
    FailDataset(reader,
                "keyframes/depth_m",
                "has shape " + FormatShape(shape) + ", expected [" + std::to_string(keyframes.size()) +
                    ", height, width]");
  }
  const std::vector<Half> depths = reader.Read<Half>("keyframes/depth_m");
  const std::vector<Half> confidences = reader.Read<Half>("keyframes/confidence", shape);
  const int width = static_cast<int>(shape[2]), height = static_cast<int>(shape[1]);
  for (size_t k = 0; k < keyframes.size(); ++k) {
    KeyframeDepth& keyframe = keyframes[k];
    keyframe.frame = frames[k];
    keyframe.scale = scales[k];
    keyframe.depth_m = ImageF(width, height);
    keyframe.confidence = ImageF(width, height);
    const size_t first = k * keyframe.depth_m.data.size();
    std::transform(depths.begin() + first,
                   depths.begin() + first + keyframe.depth_m.data.size(),
                   keyframe.depth_m.data.begin(),
                   FloatFromHalf);
    std::transform(confidences.begin() + first,
                   confidences.begin() + first + keyframe.confidence.data.size(),
                   keyframe.confidence.data.begin(),
                   FloatFromHalf);
  }
  return keyframes;
}

// ---- People.

void WritePerson(Hdf5Writer* writer, const std::string& group, const PersonInWorld& person) {
  const size_t count = person.frames.size();
  writer->WriteScalar<int32_t>(group + "/id", person.id);
  WriteShape(writer, group + "/shape", person.shape);
  writer->Write<int32_t>(group + "/frame", person.frames, {count});
  WriteBodies(writer, group + "/body_in_world", person.body_in_world);
  writer->Write(group + "/confidence", person.confidence, {count});
  if (!person.box_px.empty()) WriteBoxes(writer, group + "/box_px", person.box_px);
  if (!person.foot_contact.empty()) {
    std::vector<float> contacts;
    for (const auto& contact : person.foot_contact) {
      contacts.insert(contacts.end(), contact.begin(), contact.end());
    }
    writer->Write(group + "/foot_contact", contacts, {count, 4});
  }
  std::vector<double> joints;
  for (const auto& joints_of_frame : person.joints_in_world) {
    for (const Vec3d& joint : joints_of_frame) joints.insert(joints.end(), joint.data, joint.data + 3);
  }
  writer->Write(group + "/joints_in_world_m", joints, {count, kNumJoints, 3});
  writer->WriteStrings(group + "/flags", person.flags);
}

PersonInWorld ReadPerson(const Hdf5Reader& reader, const std::string& group) {
  RequireKnown(reader,
               group,
               {"id",
                "shape",
                "frame",
                "body_in_world_rotation",
                "body_in_world_translation_m",
                "confidence",
                "box_px",
                "foot_contact",
                "joints_in_world_m",
                "flags"});
  PersonInWorld person;
  person.id = reader.ReadScalar<int32_t>(group + "/id");
  person.shape = ReadShape(reader, group + "/shape");
  const size_t count = CountRows(reader, group + "/frame", {});
  person.frames = reader.Read<int32_t>(group + "/frame");
  person.body_in_world = ReadBodies(reader, group + "/body_in_world");
  person.confidence = reader.Read<float>(group + "/confidence", {count});
  if (reader.Has(group + "/box_px")) person.box_px = ReadBoxes(reader, group + "/box_px");
  if (reader.Has(group + "/foot_contact")) {
    const std::vector<float> contacts = reader.Read<float>(group + "/foot_contact", {count, 4});
    person.foot_contact.resize(count);
    for (size_t i = 0; i < count; ++i) std::copy_n(&contacts[4 * i], 4, person.foot_contact[i].begin());
  }
  const std::vector<double> joints =
      reader.Read<double>(group + "/joints_in_world_m", {count, kNumJoints, 3});
  person.joints_in_world.resize(count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t k = 0; k < kNumJoints; ++k) {
      std::copy_n(&joints[3 * (kNumJoints * i + k)], 3, person.joints_in_world[i][k].data);
    }
  }
  person.flags = reader.ReadStrings(group + "/flags");
  return person;
}

// ---- Scene points.

void WritePoints(Hdf5Writer* writer, const std::vector<ScenePoint>& points) {
  std::vector<float> positions, confidences;
  std::vector<uint8_t> colors;
  for (const ScenePoint& point : points) {
    positions.insert(positions.end(), point.position_m.data, point.position_m.data + 3);
    confidences.push_back(point.confidence);
    colors.insert(colors.end(), point.rgb, point.rgb + 3);
  }
  writer->Write("points/position_m", positions, {points.size(), 3});
  writer->Write("points/confidence", confidences, {points.size()});
  writer->Write("points/rgb", colors, {points.size(), 3});
}

std::vector<ScenePoint> ReadPoints(const Hdf5Reader& reader) {
  RequireKnown(reader, "points", {"position_m", "confidence", "rgb"});
  std::vector<ScenePoint> points(CountRows(reader, "points/position_m", {3}));
  const std::vector<float> positions = reader.Read<float>("points/position_m");
  const std::vector<float> confidences = reader.Read<float>("points/confidence", {points.size()});
  const std::vector<uint8_t> colors = reader.Read<uint8_t>("points/rgb", {points.size(), 3});
  for (size_t i = 0; i < points.size(); ++i) {
    std::copy_n(&positions[3 * i], 3, points[i].position_m.data);
    points[i].confidence = confidences[i];
    std::copy_n(&colors[3 * i], 3, points[i].rgb);
  }
  return points;
}

// ---- Provenance.

void WriteProvenance(Hdf5Writer* writer, const Provenance& provenance) {
  writer->WriteString("provenance/program", provenance.program);
  writer->WriteString("provenance/perception", provenance.perception);
  writer->WriteString("provenance/options", provenance.options);
  writer->WriteString("provenance/body_model_hash", provenance.body_model_hash);
}

Provenance ReadProvenance(const Hdf5Reader& reader) {
  RequireKnown(reader, "provenance", {"program", "perception", "options", "body_model_hash"});
  return {reader.ReadString("provenance/program"),
          reader.ReadString("provenance/perception"),
          reader.ReadString("provenance/options"),
          reader.ReadString("provenance/body_model_hash")};
}

}  // namespace

Hdf5Writer& PackLabel(const Label& label, Hdf5Writer* writer) {
  WriteFormat(writer, kLabelFormat.name, kLabelFormat.version);
  writer->WriteString("kind", label.kind);
  WriteClip(writer, label.clip);
  WriteCamera(writer, label.reconstruction);
  WriteKeyframes(writer, label.reconstruction.keyframes);
  writer->CreateGroup("people");
  for (size_t p = 0; p < label.reconstruction.people.size(); ++p) {
    WritePerson(writer, PersonGroup(p), label.reconstruction.people[p]);
  }
  WritePoints(writer, label.reconstruction.points);
  writer->WriteStrings("flags", label.reconstruction.flags);
  WriteSummary(writer, label.summary);
  WriteQuality(writer, label.quality);
  WriteProvenance(writer, label.provenance);
  return *writer;
}

Label UnpackLabel(const Hdf5Reader& reader) {
  RequireFormat(reader, kLabelFormat.name, kLabelFormat.version);
  RequireKnown(reader,
               "/",
               {"kind", "clip", "camera", "keyframes", "people", "points", "flags", "summary", "quality", "provenance"});
  Label label;
  label.kind = reader.ReadString("kind");
  label.clip = ReadClip(reader);
  ReadCamera(reader, &label.reconstruction);
  label.reconstruction.keyframes = ReadKeyframes(reader);
  for (const std::string& name : reader.Names("people")) {
    label.reconstruction.people.push_back(ReadPerson(reader, "people/" + name));
  }
  label.reconstruction.points = ReadPoints(reader);
  label.reconstruction.flags = reader.ReadStrings("flags");
  label.summary = ReadSummary(reader);
  label.quality = ReadQuality(reader);
  label.provenance = ReadProvenance(reader);
  return label;
}

std::vector<std::string> ProblemsOf(const Label& label) {
  std::vector<std::string> problems = foothold::ProblemsOf(label.reconstruction, label.clip);
  ProblemList more;
  if (label.kind != "label" && label.kind != "truth") {
    more.Add("kind", "is '" + label.kind + "', expected label or truth");
  }
  for (size_t p = 0; p < label.reconstruction.people.size(); ++p) {
    const PersonInWorld& person = label.reconstruction.people[p];
    more.RequireSize(
        PersonGroup(p) + "/joints_in_world_m", person.joints_in_world.size(), person.frames.size());
  }
  RequireSummary(label.summary, &more);
  RequireQuality(label.quality, label.reconstruction, &more);
  problems.insert(problems.end(), more.problems().begin(), more.problems().end());
  return problems;
}

bool WriteLabel(const Label& label, const std::string& path) {
  const std::vector<std::string> problems = ProblemsOf(label);
  FOOTHOLD_CHECK(problems.empty(), path + " is not written: " + problems[0]);
  Hdf5Writer writer(kSignatureBytes);
  return CommitSigned(&PackLabel(label, &writer), kLabelFormat, path);
}

Label ReadLabel(const std::string& path) {
  Label label = UnpackLabel(OpenSigned(kLabelFormat, path));
  const std::vector<std::string> problems = ProblemsOf(label);
  if (!problems.empty()) {
    throw Error(ErrorKind::kBadInput, path + ": " + problems[0]).WithReason("bad_label");
  }
  return label;
}

}  // namespace foothold::labels
