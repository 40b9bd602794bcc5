// SPDX-License-Identifier: Apache-2.0
#include "labels/joint_problem_file.h"

#include <algorithm>

#include "foothold/base/error.h"

namespace foothold::labels {
namespace {

std::vector<uint16_t> EverySecond(const std::vector<uint16_t>& values, size_t first) {
  std::vector<uint16_t> out;
  out.reserve(values.size() / 2);
  for (size_t i = first; i < values.size(); i += 2) out.push_back(values[i]);
  return out;
}

std::vector<std::array<int, 2>> ReadIndexPairs(const Hdf5Reader& reader, const std::string& dataset) {
  const Hdf5Shape shape = reader.Shape(dataset);
  if (shape.size() != 2 || shape[1] != 2) {
    throw Error(ErrorKind::kBadInput,
                reader.origin() + ": " + dataset + " has shape " + FormatShape(shape) + ", expected [n, 2]");
  }
  const std::vector<int32_t> numbers = reader.Read<int32_t>(dataset);
  std::vector<std::array<int, 2>> pairs;
  for (size_t i = 0; i < numbers.size(); i += 2) pairs.push_back({numbers[i], numbers[i + 1]});
  return pairs;
}

int ReadCount(const Hdf5Reader& reader, const std::string& attribute) {
  return static_cast<int>(reader.ReadNumberAttribute("/", attribute).at(0));
}

MatchArrays ReadMatches(const Hdf5Reader& reader) {
  MatchArrays matches;
  matches.confidence = reader.Read<float>("matches/confidence");
  const size_t count = matches.size();
  const auto first = reader.Read<uint16_t>("matches/pixel1", {count, 2});
  const auto second = reader.Read<uint16_t>("matches/pixel2", {count, 2});
  matches.x1 = EverySecond(first, 0);
  matches.y1 = EverySecond(first, 1);
  matches.x2 = EverySecond(second, 0);
  matches.y2 = EverySecond(second, 1);
  matches.anchor1 = reader.Read<uint16_t>("matches/anchor1", {count});
  matches.anchor2 = reader.Read<uint16_t>("matches/anchor2", {count});
  matches.omega1 = reader.Read<float>("matches/omega1", {count});
  matches.omega2 = reader.Read<float>("matches/omega2", {count});
  return matches;
}

TrackParameters ReadTrackParameters(const Hdf5Reader& reader, const std::string& in, size_t bodies) {
  TrackParameters track;
  const auto roots = reader.Read<double>(in + "root_quaternion", {bodies, 4});
  const auto translations = reader.Read<double>(in + "translation", {bodies, 3});
  const auto rotations = reader.Read<double>(in + "body_rotation", {bodies, kNumJoints - 1, 3, 3});
  const auto betas = reader.Read<double>(in + "betas", {kNumShape});
  for (size_t t = 0; t < bodies; ++t) {
    track.root.push_back({roots[4 * t], roots[4 * t + 1], roots[4 * t + 2], roots[4 * t + 3]});
    track.translation_m.push_back({translations[3 * t], translations[3 * t + 1], translations[3 * t + 2]});
    track.rotation.emplace_back();
    for (int k = 0; k < kNumJoints - 1; ++k) {
      std::copy_n(&rotations[9 * ((kNumJoints - 1) * t + k)], 9, track.rotation.back()[k].data);
    }
  }
  std::copy_n(betas.begin(), kNumShape, track.shape.begin());
  return track;
}

JointTrack ReadTrack(const Hdf5Reader& reader, const std::string& in) {
  JointTrack track;
  track.keyframes = reader.Read<int32_t>(in + "frames");
  track.initial = ReadTrackParameters(reader, in, track.keyframes.size());
  const std::string scale = in + "scale_contacts/", repeated = in + "static_contacts/";
  const auto keyframe = reader.Read<int32_t>(scale + "frame");
  const size_t count = keyframe.size();
  const auto anchor = reader.Read<int32_t>(scale + "anchor", {count});
  const auto body = reader.Read<int32_t>(scale + "body_frame", {count});
  const auto vertex = reader.Read<int32_t>(scale + "vertex", {count});
  const auto omega = reader.Read<float>(scale + "omega", {count});
  const auto confidence = reader.Read<float>(scale + "confidence", {count});
  for (size_t c = 0; c < count; ++c) {
    track.scale_contacts.push_back({keyframe[c], anchor[c], omega[c], confidence[c], body[c], vertex[c]});
  }
  const auto later = reader.Read<int32_t>(repeated + "body_frame");
  const auto earlier = reader.Read<int32_t>(repeated + "previous_body_frame", {later.size()});
  const auto planted = reader.Read<int32_t>(repeated + "vertex", {later.size()});
  for (size_t c = 0; c < later.size(); ++c)
    track.static_contacts.push_back({later[c], earlier[c], planted[c]});
  return track;
}

}  // namespace

JointProblem ReadJointProblem(const std::string& path, int num_vertices) {
  const Hdf5Reader reader(path);
  JointProblem problem;
  problem.width = ReadCount(reader, "width");
  problem.height = ReadCount(reader, "height");
  problem.anchors_x = ReadCount(reader, "anchors_x");
  problem.anchors_y = ReadCount(reader, "anchors_y");
  problem.initial_focal_px = reader.ReadNumberAttribute("/", "initial_focal").at(0);
  problem.core_depth_m = reader.Read<float>("frames/core_depth");
  problem.median_depth_m = reader.Read<float>("frames/median_depth");
  problem.base_focal_px = reader.Read<float>("frames/base_focal");
  problem.pairs = ReadIndexPairs(reader, "pairs/frames");
  problem.offset = reader.Read<int64_t>("pairs/offset");
  problem.matches = ReadMatches(reader);
  problem.root = reader.ReadScalar<int32_t>("tree/root");
  problem.edges = ReadIndexPairs(reader, "tree/edges");
  // Groups are named 0, 1, ...: ascending as numbers, not as text.
  const int num_tracks = reader.IsGroup("tracks") ? static_cast<int>(reader.Names("tracks").size()) : 0;
  for (int k = 0; k < num_tracks; ++k) {
    problem.tracks.push_back(ReadTrack(reader, "tracks/" + std::to_string(k) + "/"));
  }
  const std::vector<std::string> wrong = CheckJointProblem(problem, num_vertices);
  if (wrong.empty()) return problem;
  std::string message = path + " is no usable joint optimisation problem:";
  for (const std::string& line : wrong) message += "\n  " + line;
  throw Error(ErrorKind::kBadInput, message);
}

JointParameters ReadJointParameters(const Hdf5Reader& reader,
                                    const std::string& group,
                                    const JointProblem& problem) {
  JointParameters parameters;
  const size_t frames = problem.num_keyframes();
  // Cameras' quaternions are x y z w in these files.
  const auto rotations = reader.Read<double>(group + "/camera_quaternion", {frames, 4});
  const auto taus = reader.Read<double>(group + "/camera_tau", {frames, 3});
  parameters.log_size = reader.Read<double>(group + "/log_size", {frames});
  parameters.log_focal = reader.ReadScalar<double>(group + "/log_focal");
  for (size_t i = 0; i < frames; ++i) {
    parameters.camera_rotation.push_back(
        {rotations[4 * i + 3], rotations[4 * i], rotations[4 * i + 1], rotations[4 * i + 2]});
    parameters.camera_tau_m.push_back({taus[3 * i], taus[3 * i + 1], taus[3 * i + 2]});
  }
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    parameters.tracks.push_back(ReadTrackParameters(
        reader, group + "/tracks/" + std::to_string(k) + "/", problem.tracks[k].keyframes.size()));
  }
  return parameters;
}

}  // namespace foothold::labels
