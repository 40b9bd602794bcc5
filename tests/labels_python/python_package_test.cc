// SPDX-License-Identifier: Apache-2.0
// labels/python against our own reader and geometry. Needs /usr/bin/python3 with h5py; skips without.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>

#include "foothold/base/atomic_file.h"
#include "foothold/geometry/rotation_forms.h"
#include "foothold/scene/body.h"
#include "labels/label.h"
#include "labels/sample_data.h"
#include "support/temporary_folder.h"

namespace foothold::labels {
namespace {

const std::string kPython =
    "PYTHONPATH=" FOOTHOLD_SOURCE_DIR "/labels/python PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 ";

struct Output {
  int status = -1;
  std::string text;  // stdout and stderr.
};

Output RunPython(const std::string& arguments) {
  Output output;
  std::FILE* pipe = popen((kPython + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer;
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.text.append(buffer.data(), count);
  }
  output.status = pclose(pipe);
  return output;
}

#define SKIP_WITHOUT_H5PY()                                                                               \
  if (RunPython("-c 'import h5py, numpy'").status != 0) {                                                 \
    GTEST_SKIP() << "NOT TESTED: /usr/bin/python3 has no h5py; install python3-h5py to test the package"; \
  }

// Lines "name numbers...".
std::map<std::string, std::vector<double>> Parse(const std::string& text) {
  std::map<std::string, std::vector<double>> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, word;
    words >> name;
    if (name == "text") continue;
    std::vector<double>& numbers = values[name];
    while (words >> word) numbers.push_back(std::stod(word));
  }
  return values;
}

void ExpectNumbers(const std::map<std::string, std::vector<double>>& values,
                   const std::string& name,
                   const std::vector<double>& expected,
                   double tolerance) {
  const auto found = values.find(name);
  ASSERT_NE(found, values.end()) << name;
  ASSERT_EQ(found->second.size(), expected.size()) << name;
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(found->second[i], expected[i], tolerance * (1 + std::fabs(expected[i]))) << name << " " << i;
  }
}

void Append(const Quatd& q, std::vector<double>* out) { out->insert(out->end(), {q.w, q.x, q.y, q.z}); }
template <class T>
void Append(const Vec<T, 3>& v, std::vector<double>* out) {
  out->insert(out->end(), v.data, v.data + 3);
}

void ExpectPerson(const std::map<std::string, std::vector<double>>& values,
                  const std::string& name,
                  const PersonInWorld& person) {
  std::vector<double> rotation, translation, joints, contact, box;
  for (const BodyPose& body : person.body_in_world) {
    Append(body.root, &rotation);
    for (const Quatd& joint : body.joints) Append(joint, &rotation);
    Append(body.translation_m, &translation);
  }
  for (const auto& set : person.joints_in_world) {
    for (const Vec3d& joint : set) Append(joint, &joints);
  }
  for (const auto& values_of_frame : person.foot_contact) {
    contact.insert(contact.end(), values_of_frame.begin(), values_of_frame.end());
  }
  for (const Box& b : person.box_px) box.insert(box.end(), {b.x, b.y, b.width, b.height});
  ExpectNumbers(values, name + ".id", {static_cast<double>(person.id)}, 0);
  ExpectNumbers(values, name + ".frame", {person.frames.begin(), person.frames.end()}, 0);
  ExpectNumbers(values, name + ".rotation", rotation, 0);
  ExpectNumbers(values, name + ".translation", translation, 0);
  ExpectNumbers(values, name + ".shape", {person.shape.begin(), person.shape.end()}, 0);
  ExpectNumbers(values, name + ".joints", joints, 0);
  ExpectNumbers(values, name + ".confidence", {person.confidence.begin(), person.confidence.end()}, 0);
  ExpectNumbers(values, name + ".contact", contact, 0);
  ExpectNumbers(values, name + ".box", box, 0);
}

void ExpectKeyframe(const std::map<std::string, std::vector<double>>& values,
                    const std::string& name,
                    const KeyframeDepth& keyframe,
                    const Pinholed& pinhole) {
  std::vector<double> points;
  for (int y = 0; y < keyframe.depth_m.height; ++y) {
    for (int x = 0; x < keyframe.depth_m.width; ++x) {
      const Vec2d pixel{static_cast<double>(x), static_cast<double>(y)};
      Append(static_cast<double>(keyframe.depth_m.At(x, y)) * Unproject(pinhole, pixel), &points);
    }
  }
  ExpectNumbers(values, name + ".frame", {static_cast<double>(keyframe.frame)}, 0);
  ExpectNumbers(values, name + ".depth", {keyframe.depth_m.data.begin(), keyframe.depth_m.data.end()}, 0);
  ExpectNumbers(
      values, name + ".confidence", {keyframe.confidence.data.begin(), keyframe.confidence.data.end()}, 0);
  ExpectNumbers(values, name + ".points", points, 1e-12);
}

// The sample label with its joints where its bodies are, so that the pelvis at rest can be read off them.
Label ConsistentLabel() {
  Label label = SampleLabelFromStudent();
  const Vec3d pelvis{0.02, -0.23, 0.04};
  for (PersonInWorld& person : label.reconstruction.people) {
    for (size_t i = 0; i < person.frames.size(); ++i) {
      person.joints_in_world[i][kPelvis] = pelvis + person.body_in_world[i].translation_m;
    }
  }
  return label;
}

TEST(PythonPackage, ReadsWhatOurReaderReads) {
  SKIP_WITHOUT_H5PY();
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteLabel(ConsistentLabel(), folder.File("walk.h5")));
  const Label label = ReadLabel(folder.File("walk.h5"));
  const Output output =
      RunPython(FOOTHOLD_SOURCE_DIR "/tests/labels_python/print_label.py " + folder.File("walk.h5"));
  ASSERT_EQ(output.status, 0) << output.text;
  EXPECT_NE(output.text.find("text label " + label.clip.id +
                             " walk /videos/walk.mp4 camera_static focal_ambiguous\n"),
            std::string::npos)
      << output.text.substr(0, 200);
  const auto values = Parse(output.text);
  const Reconstruction& reconstruction = label.reconstruction;
  std::vector<double> cameras;
  for (const Rigid3d& camera : reconstruction.world_from_cam) {
    const Mat<double, 4, 4> matrix = MatrixFromRigid(camera);
    cameras.insert(cameras.end(), matrix.data, matrix.data + 16);
  }
  const Pinholed& pinhole = reconstruction.pinhole;
  ExpectNumbers(values, "time_s", label.clip.time_s, 0);
  ExpectNumbers(values, "working_size_px", {32, 16}, 0);
  ExpectNumbers(values, "world_from_cam", cameras, 1e-14);
  ExpectNumbers(values,
                "intrinsics",
                {pinhole.focal_px, 0, pinhole.center_x_px, 0, pinhole.focal_px, pinhole.center_y_px, 0, 0, 1},
                0);
  ExpectNumbers(values, "distortion", {reconstruction.distortion.k1, reconstruction.distortion.k2}, 0);
  ASSERT_GE(reconstruction.people.size(), 2U);
  for (size_t p = 0; p < reconstruction.people.size(); ++p) {
    ExpectPerson(values, "person" + std::to_string(p), reconstruction.people[p]);
    ExpectNumbers(
        values, "person" + std::to_string(p) + ".student", {label.quality.people[p].student_distance_m}, 0);
  }
  ASSERT_GE(reconstruction.keyframes.size(), 2U);
  for (size_t k = 0; k < reconstruction.keyframes.size(); ++k) {
    ExpectKeyframe(values, "keyframe" + std::to_string(k), reconstruction.keyframes[k], pinhole);
  }
  std::vector<double> points;
  for (const ScenePoint& point : reconstruction.points) Append(point.position_m, &points);
  ExpectNumbers(values, "scene_points", points, 0);
}

// Targets by our geometry: a body in the camera by TransformBody, motion in its own parameters.
TEST(PythonPackage, PairsAreThoseOfOurGeometry) {
  SKIP_WITHOUT_H5PY();
  constexpr double kFloat32 = 1e-6;
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteLabel(ConsistentLabel(), folder.File("walk.h5")));
  const Label label = ReadLabel(folder.File("walk.h5"));
  const Output output =
      RunPython(FOOTHOLD_SOURCE_DIR "/tests/labels_python/print_label.py " + folder.File("walk.h5"));
  ASSERT_EQ(output.status, 0) << output.text;
  const auto values = Parse(output.text);
  const auto count = static_cast<int>(values.at("num_pairs").at(0));
  ASSERT_GT(count, 0);
  for (int index = 0; index < count; ++index) {
    const std::string name = "pair" + std::to_string(index) + ".";
    const PersonInWorld& person =
        label.reconstruction.people.at(static_cast<size_t>(values.at(name + "person")[0]));
    const auto entry_of = [&](double frame) {
      return static_cast<size_t>(
          std::find(person.frames.begin(), person.frames.end(), static_cast<int>(frame)) -
          person.frames.begin());
    };
    const std::vector<double>& frames = values.at(name + "frame");
    const size_t first = entry_of(frames[0]), second = entry_of(frames[1]);
    ASSERT_LT(second, person.frames.size());
    const BodyPose &from = person.body_in_world[first], &to = person.body_in_world[second];
    const Vec3d pelvis = person.joints_in_world[0][kPelvis] - person.body_in_world[0].translation_m;
    std::vector<double> pose, contact, shift, numbers;
    const Mat3d turn = MatrixFromQuaternion(Normalized(Conjugate(from.root) * to.root));
    Append(Rotate(Conjugate(from.root), to.translation_m - from.translation_m), &shift);
    ExpectNumbers(values, name + "rel_rotation", {turn.data, turn.data + 6}, kFloat32);
    ExpectNumbers(values, name + "rel_translation", shift, kFloat32);
    int image = 0;
    for (const size_t entry : {first, second}) {
      const std::string side = std::to_string(++image);
      const Rigid3d& camera = label.reconstruction.world_from_cam[person.frames[entry]];
      const BodyPose in_cam = TransformBody(Inverse(camera), person.body_in_world[entry], pelvis);
      const Mat3d rotation = MatrixFromQuaternion(in_cam.root);
      ExpectNumbers(values, name + "rotation" + side, {rotation.data, rotation.data + 6}, kFloat32);
      numbers.clear();
      Append(in_cam.translation_m, &numbers);
      ExpectNumbers(values, name + "translation" + side, numbers, kFloat32);
      for (const Quatd& joint : in_cam.joints) Append(LogQuaternion(joint), &pose);
      const std::array<float, 4>& touch = person.foot_contact.at(entry);
      contact.insert(contact.end(), {touch[1], touch[3], touch[0], touch[2]});
    }
    ExpectNumbers(values, name + "pose", pose, kFloat32);
    ExpectNumbers(values, name + "contact", contact, 0);
    const KeyframeDepth& keyframe = label.reconstruction.keyframes[0].frame == person.frames[first]
                                        ? label.reconstruction.keyframes[0]
                                        : label.reconstruction.keyframes[1];
    if (keyframe.frame != person.frames[first]) continue;
    const std::vector<double>& mask = values.at(name + "points_mask");
    for (size_t i = 0; i < keyframe.depth_m.data.size(); ++i) {
      ASSERT_EQ(mask[i] != 0, keyframe.depth_m.data[i] > 0 && keyframe.confidence.data[i] >= 0.3F) << i;
    }
  }
}

TEST(PythonPackage, ReadmeExampleRuns) {
  SKIP_WITHOUT_H5PY();
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteLabel(ConsistentLabel(), folder.File("walk.h5")));
  folder.Write("walk.observations.h5", "not a label, to be passed over");
  const std::string readme = ReadFile(FOOTHOLD_SOURCE_DIR "/labels/python/README.md");
  const size_t begin = readme.find("```python\n") + 10, end = readme.find("\n```", begin);
  ASSERT_LT(begin, end);
  const std::string script = folder.Write("example.py", readme.substr(begin, end + 1 - begin));
  const Output output = RunPython(script + " " + folder.path());
  ASSERT_EQ(output.status, 0) << output.text;
  EXPECT_NE(output.text.find("walk 6 frames, flags: camera_static focal_ambiguous"), std::string::npos)
      << output.text;
  EXPECT_NE(output.text.find("pairs; left out"), std::string::npos) << output.text;
  const Output empty = RunPython(script + " " + folder.path() + " truth");
  EXPECT_NE(empty.status, 0);
  EXPECT_NE(empty.text.find("holds no file of kind truth"), std::string::npos) << empty.text;
}

TEST(PythonPackage, RefusesWhatIsNoLabel) {
  SKIP_WITHOUT_H5PY();
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteLabel(SampleLabel(), folder.File("walk.h5")));
  const std::string bytes = ReadFile(folder.File("walk.h5"));
  std::string newer = bytes;
  newer.replace(0, 16, "foothold-label 9");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {bytes.substr(0, bytes.size() - 7), "bytes; copy it again"},
      {newer, "has schema version 9, this package reads 1 to 2"},
      {"\x89HDF\r\n\x1a\n and so on", "is not a foothold-label file"},
      {"", "is not a foothold-label file"}};
  for (const auto& [content, message] : cases) {
    folder.Write("bad.h5", content);
    const Output output = RunPython("-c 'import sys, foothold_labels as f; f.open_label(sys.argv[1])' " +
                                    folder.File("bad.h5"));
    EXPECT_NE(output.status, 0);
    EXPECT_NE(output.text.find("LabelError: " + folder.File("bad.h5")), std::string::npos) << output.text;
    EXPECT_NE(output.text.find(message), std::string::npos) << output.text;
  }
  const Output missing = RunPython("-c 'import foothold_labels as f; f.open_label(\"none.h5\")'");
  EXPECT_NE(missing.text.find("LabelError: none.h5: cannot be read"), std::string::npos) << missing.text;
}

// Where xxhash is not installed, asking for it is an error, not a pass.
TEST(PythonPackage, VerifiesTheChecksumOrSaysThatItCannot) {
  SKIP_WITHOUT_H5PY();
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteLabel(SampleLabel(), folder.File("walk.h5")));
  std::string bytes = ReadFile(folder.File("walk.h5"));
  bytes[bytes.size() / 2] ^= 1;
  folder.Write("bad.h5", bytes);
  const auto open = [&](const std::string& name) {
    return RunPython("-c 'import sys, foothold_labels as f; f.open_label(sys.argv[1], verify=True)' " +
                     folder.File(name));
  };
  const bool has_xxhash = RunPython("-c 'import xxhash'").status == 0;
  EXPECT_EQ(open("walk.h5").status == 0, has_xxhash);
  EXPECT_NE(open("bad.h5").text.find(has_xxhash ? "checksum differs" : "needs the package xxhash"),
            std::string::npos);
}

}  // namespace
}  // namespace foothold::labels
