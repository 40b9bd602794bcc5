// SPDX-License-Identifier: Apache-2.0
#include "labels/observation_file.h"

#include <algorithm>
#include <string>
#include <vector>

#include "foothold/scene/problem_list.h"
#include "labels/groups.h"
#include "labels/observation_format.h"
#include "labels/signed_file.h"

namespace foothold::labels {

namespace {

// ---- Camera and ground.

void WriteCamera(Hdf5Writer* writer, const CameraObservations& camera) {
  WriteRigids(writer, "camera/world_from_cam", camera.world_from_cam);
  writer->WriteScalar("camera/focal_px", camera.pinhole.focal_px);
  writer->Write<double>("camera/center_px", {camera.pinhole.center_x_px, camera.pinhole.center_y_px}, {2});
  writer->Write<double>("camera/distortion", {camera.distortion.k1, camera.distortion.k2}, {2});
  WriteBool(writer, "camera/poses_fixed", camera.poses_fixed);
  WriteBool(writer, "camera/metric", camera.metric);
  WriteBool(writer, "camera/focal_fixed", camera.focal_fixed);
  WriteBool(writer, "camera/focal_observable", camera.focal_observable);
}

CameraObservations ReadCamera(const Hdf5Reader& reader) {
  RequireKnown(reader,
               "camera",
               {"world_from_cam_rotation",
                "world_from_cam_translation_m",
                "focal_px",
                "center_px",
                "distortion",
                "poses_fixed",
                "metric",
                "focal_fixed",
                "focal_observable"});
  CameraObservations camera;
  camera.world_from_cam = ReadRigids(reader, "camera/world_from_cam");
  const std::vector<double> center = reader.Read<double>("camera/center_px", {2});
  camera.pinhole = {reader.ReadScalar<double>("camera/focal_px"), center[0], center[1]};
  if (reader.Has("camera/distortion")) {
    const std::vector<double> k = reader.Read<double>("camera/distortion", {2});
    camera.distortion = {k[0], k[1]};
  }
  const auto read_bool = [&](const std::string& name, bool* value) {
    if (reader.Has(name)) *value = ReadBool(reader, name);
  };
  read_bool("camera/poses_fixed", &camera.poses_fixed);
  read_bool("camera/metric", &camera.metric);
  read_bool("camera/focal_fixed", &camera.focal_fixed);
  read_bool("camera/focal_observable", &camera.focal_observable);
  return camera;
}

void WriteGround(Hdf5Writer* writer, const GroundPlane& ground) {
  const Vec3d& up = ground.up_in_world;
  WriteBool(writer, "ground/known", ground.known);
  writer->Write<double>("ground/up_in_world", {up[0], up[1], up[2]}, {3});
  writer->WriteScalar("ground/offset_m", ground.offset_m);
}

GroundPlane ReadGround(const Hdf5Reader& reader) {
  GroundPlane ground;
  if (!reader.Has("ground")) return ground;
  RequireKnown(reader, "ground", {"known", "up_in_world", "offset_m"});
  ground.known = ReadBool(reader, "ground/known");
  const std::vector<double> up = reader.Read<double>("ground/up_in_world", {3});
  ground.up_in_world = {up[0], up[1], up[2]};
  ground.offset_m = reader.ReadScalar<double>("ground/offset_m");
  return ground;
}

// ---- Keyframes: one array per kind of image.

template <class T>
void WriteImages(Hdf5Writer* writer,
                 const std::string& name,
                 const std::vector<Keyframe>& keyframes,
                 Image<T> Keyframe::*image) {
  if (keyframes.empty() || (keyframes[0].*image).empty()) return;
  const Image<T>& first = keyframes[0].*image;
  std::vector<T> values;
  values.reserve(first.data.size() * keyframes.size());
  for (const Keyframe& keyframe : keyframes) {
    const std::vector<T>& data = (keyframe.*image).data;
    values.insert(values.end(), data.begin(), data.end());
  }
  Hdf5Shape shape = {keyframes.size(), static_cast<size_t>(first.height), static_cast<size_t>(first.width)};
  if (first.channels != 1) shape.push_back(first.channels);
  writer->Write(name, values, shape);
}

template <class T>
void ReadImages(const Hdf5Reader& reader,
                const std::string& name,
                const ImageTransform& size,
                int channels,
                std::vector<Keyframe>* keyframes,
                Image<T> Keyframe::*image) {
  Hdf5Shape shape = {keyframes->size(), static_cast<size_t>(size.height), static_cast<size_t>(size.width)};
  if (channels != 1) shape.push_back(channels);
  const std::vector<T> values = reader.Read<T>(name, shape);
  for (size_t k = 0; k < keyframes->size(); ++k) {
    Image<T>& target = (*keyframes)[k].*image;
    target = Image<T>(size.width, size.height, channels);
    std::copy_n(values.begin() + k * target.data.size(), target.data.size(), target.data.begin());
  }
}

void WriteKeyframes(Hdf5Writer* writer, const std::vector<Keyframe>& keyframes) {
  std::vector<int32_t> frames;
  for (const Keyframe& keyframe : keyframes) frames.push_back(keyframe.frame);
  writer->Write("keyframes/frame", frames, {frames.size()});
  WriteImages(writer, "keyframes/depth_m", keyframes, &Keyframe::depth_m);
  WriteImages(writer, "keyframes/confidence", keyframes, &Keyframe::confidence);
  WriteImages(writer, "keyframes/person_mask", keyframes, &Keyframe::person_mask);
  WriteImages(writer, "keyframes/color", keyframes, &Keyframe::color);
}

std::vector<Keyframe> ReadKeyframes(const Hdf5Reader& reader, const ImageTransform& size) {
  RequireKnown(reader, "keyframes", {"frame", "depth_m", "confidence", "person_mask", "color"});
  std::vector<Keyframe> keyframes(CountRows(reader, "keyframes/frame", {}));
  const std::vector<int32_t> frames = reader.Read<int32_t>("keyframes/frame");
  for (size_t k = 0; k < keyframes.size(); ++k) keyframes[k].frame = frames[k];
  ReadImages(reader, "keyframes/depth_m", size, 1, &keyframes, &Keyframe::depth_m);
  ReadImages(reader, "keyframes/confidence", size, 1, &keyframes, &Keyframe::confidence);
  if (reader.Has("keyframes/person_mask")) {
    ReadImages(reader, "keyframes/person_mask", size, 1, &keyframes, &Keyframe::person_mask);
  }
  if (reader.Has("keyframes/color")) {
    ReadImages(reader, "keyframes/color", size, 3, &keyframes, &Keyframe::color);
  }
  return keyframes;
}

// ---- Pairs: the matches of all pairs in one array; pair p owns [first_match[p], first_match[p + 1]).

void WritePairs(Hdf5Writer* writer, const std::vector<KeyframePair>& pairs) {
  std::vector<int32_t> keyframes;
  std::vector<int64_t> first_match = {0};
  std::vector<float> positions, confidences;
  for (const KeyframePair& pair : pairs) {
    keyframes.insert(keyframes.end(), {pair.i, pair.j});
    for (const PixelMatch& match : pair.matches) {
      positions.insert(positions.end(), {match.x_i, match.y_i, match.x_j, match.y_j});
      confidences.push_back(match.confidence);
    }
    first_match.push_back(static_cast<int64_t>(confidences.size()));
  }
  writer->Write("pairs/keyframes", keyframes, {pairs.size(), 2});
  writer->Write("pairs/first_match", first_match, {first_match.size()});
  writer->Write("pairs/match_px", positions, {confidences.size(), 4});
  writer->Write("pairs/confidence", confidences, {confidences.size()});
}

std::vector<KeyframePair> ReadPairs(const Hdf5Reader& reader) {
  if (!reader.Has("pairs")) return {};
  RequireKnown(reader, "pairs", {"keyframes", "first_match", "match_px", "confidence"});
  std::vector<KeyframePair> pairs(CountRows(reader, "pairs/keyframes", {2}));
  const std::vector<int32_t> keyframes = reader.Read<int32_t>("pairs/keyframes");
  const std::vector<int64_t> first_match = reader.Read<int64_t>("pairs/first_match", {pairs.size() + 1});
  const size_t num_matches = CountRows(reader, "pairs/match_px", {4});
  const std::vector<float> positions = reader.Read<float>("pairs/match_px");
  const std::vector<float> confidences = reader.Read<float>("pairs/confidence", {num_matches});
  if (first_match.front() != 0 || first_match.back() != static_cast<int64_t>(num_matches) ||
      !std::is_sorted(first_match.begin(), first_match.end())) {
    FailDataset(reader,
                "pairs/first_match",
                "must ascend from 0 to the number of matches, " + std::to_string(num_matches));
  }
  for (size_t p = 0; p < pairs.size(); ++p) {
    pairs[p].i = keyframes[2 * p];
    pairs[p].j = keyframes[2 * p + 1];
    pairs[p].matches.reserve(first_match[p + 1] - first_match[p]);
    for (int64_t m = first_match[p]; m < first_match[p + 1]; ++m) {
      const float* x = positions.data() + 4 * m;
      pairs[p].matches.push_back({x[0], x[1], x[2], x[3], confidences[m]});
    }
  }
  return pairs;
}

// ---- People.

void WriteContacts(Hdf5Writer* writer, const std::string& group, const std::vector<Contact>& contacts) {
  std::vector<int32_t> keyframes, vertices;
  std::vector<float> confidences;
  std::vector<uint8_t> stationary;
  for (const Contact& contact : contacts) {
    keyframes.push_back(contact.keyframe);
    vertices.push_back(contact.vertex);
    confidences.push_back(contact.confidence);
    stationary.push_back(contact.stationary ? 1 : 0);
  }
  writer->Write(group + "/keyframe", keyframes, {contacts.size()});
  writer->Write(group + "/vertex", vertices, {contacts.size()});
  writer->Write(group + "/confidence", confidences, {contacts.size()});
  writer->Write(group + "/stationary", stationary, {contacts.size()});
}

std::vector<Contact> ReadContacts(const Hdf5Reader& reader, const std::string& group) {
  if (!reader.Has(group)) return {};
  RequireKnown(reader, group, {"keyframe", "vertex", "confidence", "stationary"});
  std::vector<Contact> contacts(CountRows(reader, group + "/keyframe", {}));
  const std::vector<int32_t> keyframes = reader.Read<int32_t>(group + "/keyframe");
  const std::vector<int32_t> vertices = reader.Read<int32_t>(group + "/vertex", {contacts.size()});
  const std::vector<float> confidences = reader.Read<float>(group + "/confidence", {contacts.size()});
  const std::vector<uint8_t> stationary = reader.Read<uint8_t>(group + "/stationary", {contacts.size()});
  for (size_t c = 0; c < contacts.size(); ++c) {
    if (stationary[c] > 1) FailDataset(reader, group + "/stationary", "expected 0 or 1");
    contacts[c] = {keyframes[c], vertices[c], confidences[c], stationary[c] == 1};
  }
  return contacts;
}

void WritePerson(Hdf5Writer* writer, const std::string& group, const PersonObservations& person) {
  std::vector<int32_t> frames;
  std::vector<Box> boxes;
  std::vector<float> confidences, pose_confidences;
  std::vector<BodyPose> bodies;
  for (const PersonFrame& entry : person.frames) {
    frames.push_back(entry.frame);
    boxes.push_back(entry.box_px);
    confidences.push_back(entry.confidence);
    pose_confidences.push_back(entry.pose_confidence);
    bodies.push_back(entry.body_in_cam);
  }
  writer->WriteScalar<int32_t>(group + "/id", person.id);
  WriteShape(writer, group + "/shape", person.shape);
  writer->Write(group + "/frame", frames, {frames.size()});
  WriteBoxes(writer, group + "/box_px", boxes);
  writer->Write(group + "/confidence", confidences, {frames.size()});
  writer->Write(group + "/pose_confidence", pose_confidences, {frames.size()});
  WriteBodies(writer, group + "/body_in_cam", bodies);
  WriteContacts(writer, group + "/contacts", person.contacts);
  writer->WriteStrings(group + "/flags", person.flags);
}

PersonObservations ReadPerson(const Hdf5Reader& reader, const std::string& group) {
  RequireKnown(reader,
               group,
               {"id",
                "shape",
                "frame",
                "box_px",
                "confidence",
                "pose_confidence",
                "body_in_cam_rotation",
                "body_in_cam_translation_m",
                "contacts",
                "flags"});
  PersonObservations person;
  person.id = reader.ReadScalar<int32_t>(group + "/id");
  person.shape = ReadShape(reader, group + "/shape");
  person.frames.resize(CountRows(reader, group + "/frame", {}));
  const size_t count = person.frames.size();
  const std::vector<int32_t> frames = reader.Read<int32_t>(group + "/frame");
  const std::vector<Box> boxes = ReadBoxes(reader, group + "/box_px");
  const std::vector<float> confidences = reader.Read<float>(group + "/confidence", {count});
  const std::vector<float> pose_confidences = reader.Read<float>(group + "/pose_confidence", {count});
  const std::vector<BodyPose> bodies = ReadBodies(reader, group + "/body_in_cam");
  if (boxes.size() != count || bodies.size() != count) {
    FailDataset(reader,
                group,
                "box_px and body_in_cam must have one row per entry of frame, " + std::to_string(count));
  }
  for (size_t i = 0; i < count; ++i) {
    person.frames[i] = {frames[i], boxes[i], confidences[i], bodies[i], pose_confidences[i]};
  }
  person.contacts = ReadContacts(reader, group + "/contacts");
  person.flags = ReadFlags(reader, group + "/flags");
  return person;
}

}  // namespace

Hdf5Writer& PackObservations(const Observations& observations, Hdf5Writer* writer) {
  WriteFormat(writer, kObservationFormat.name, kObservationFormat.version);
  WriteClip(writer, observations.clip);
  WriteCamera(writer, observations.camera);
  WriteGround(writer, observations.ground);
  WriteKeyframes(writer, observations.keyframes);
  WritePairs(writer, observations.pairs);
  writer->CreateGroup("people");
  for (size_t p = 0; p < observations.people.size(); ++p) {
    WritePerson(writer, PersonGroup(p), observations.people[p]);
  }
  writer->WriteStrings("flags", observations.flags);
  writer->WriteString("source", observations.source);
  return *writer;
}

Observations UnpackObservations(const Hdf5Reader& reader) {
  RequireFormat(reader, kObservationFormat.name, kObservationFormat.version);
  RequireKnown(reader, "/", {"clip", "camera", "ground", "keyframes", "pairs", "people", "flags", "source"});
  Observations observations;
  observations.clip = ReadClip(reader);
  observations.camera = ReadCamera(reader);
  observations.ground = ReadGround(reader);
  observations.keyframes = ReadKeyframes(reader, observations.clip.working_from_source);
  observations.pairs = ReadPairs(reader);
  if (reader.Has("people")) {
    for (const std::string& name : reader.Names("people")) {
      if (name != "extra") observations.people.push_back(ReadPerson(reader, "people/" + name));
    }
  }
  observations.flags = ReadFlags(reader, "flags");
  if (reader.Has("source")) observations.source = reader.ReadString("source");
  CheckObservations(observations, reader.origin());
  return observations;
}

bool WriteObservations(const Observations& observations, const std::string& path) {
  CheckObservations(observations, path + " (not written)");
  Hdf5Writer writer(kSignatureBytes);
  return CommitSigned(&PackObservations(observations, &writer), kObservationFormat, path);
}

Observations ReadObservations(const std::string& path) {
  return UnpackObservations(OpenSigned(kObservationFormat, path));
}

}  // namespace foothold::labels
