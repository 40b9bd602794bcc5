// SPDX-License-Identifier: Apache-2.0
// Runs the Python examples of the documentation, and opens our files with other programs. Needs
// /usr/bin/python3 with h5py, and h5dump; skips without.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <regex>

#include "foothold/geometry/camera.h"
#include "labels/hdf5.h"
#include "labels/label.h"
#include "labels/observation_file.h"
#include "labels/sample_data.h"
#include "labels/temporary_folder.h"

namespace foothold::labels {
namespace {

struct Output {
  int status = -1;
  std::string text;  // stdout and stderr.
};

Output RunCommand(const std::string& command) {
  Output output;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer;
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.text.append(buffer.data(), count);
  }
  output.status = pclose(pipe);
  return output;
}

#define SKIP_WITHOUT(command, what)                                                          \
  if (RunCommand(command).status != 0) {                                                     \
    GTEST_SKIP() << "NOT TESTED: " what " is missing; install it to test the documentation"; \
  }

// The first ```python block of docs/`page`, as a file of `folder`.
std::string PythonExample(const std::string& page, const TemporaryFolder& folder) {
  const std::string text = ReadBytes(std::string(FOOTHOLD_SOURCE_DIR) + "/docs/" + page);
  const size_t begin = text.find("```python\n"), end = text.find("\n```", begin + 1);
  EXPECT_NE(begin, std::string::npos);
  EXPECT_NE(end, std::string::npos);
  WriteBytes(folder / "example.py", text.substr(begin + 10, end + 1 - begin - 10));
  return folder / "example.py";
}

// Source pixel of a world point in one frame of the label, by our own geometry.
Vec2d SourcePixel(const Label& label, const Vec3d& x_in_world, int frame) {
  const Reconstruction& reconstruction = label.reconstruction;
  const Vec3d x_in_cam = Inverse(reconstruction.world_from_cam[frame]) * x_in_world;
  const Vec2d distorted =
      Distort(reconstruction.distortion, {x_in_cam[0] / x_in_cam[2], x_in_cam[1] / x_in_cam[2]});
  const Vec2d working = Project(reconstruction.pinhole, {distorted[0], distorted[1], 1});
  const ImageTransform& transform = label.clip.working_from_source;
  return {(working[0] - transform.offset_x_px) / transform.scale_x,
          (working[1] - transform.offset_y_px) / transform.scale_y};
}

// Mean of all trusted depth pixels in the world.
Vec3d MeanOfKeyframes(const Reconstruction& reconstruction, int* count) {
  Vec3d sum{0, 0, 0};
  *count = 0;
  for (const KeyframeDepth& keyframe : reconstruction.keyframes) {
    for (int y = 0; y < keyframe.depth_m.height; ++y) {
      for (int x = 0; x < keyframe.depth_m.width; ++x) {
        if (!(keyframe.confidence.At(x, y) > 0.1f)) continue;
        const Vec3d ray =
            Unproject(reconstruction.pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
        sum = sum + reconstruction.world_from_cam[keyframe.frame] *
                        (static_cast<double>(keyframe.depth_m.At(x, y)) * ray);
        ++*count;
      }
    }
  }
  return sum / static_cast<double>(*count);
}

TEST(Documentation, LabelExampleReadsALabel) {
  SKIP_WITHOUT("/usr/bin/python3 -c 'import h5py'", "python3-h5py");
  const TemporaryFolder folder;
  const Label label = SampleLabel();
  ASSERT_TRUE(WriteLabel(label, folder / "walk.h5"));
  const Output output =
      RunCommand("/usr/bin/python3 " + PythonExample("label_schema.md", folder) + " " + (folder / "walk.h5"));
  ASSERT_EQ(output.status, 0) << output.text;
  EXPECT_NE(output.text.find("walk 6 frames, flags: camera_static focal_ambiguous"), std::string::npos)
      << output.text;

  const std::regex person_line("person ([0-9]+): ([-0-9.]+) m/s, head at \\(([-0-9.]+), ([-0-9.]+)\\)");
  auto match = std::sregex_iterator(output.text.begin(), output.text.end(), person_line);
  for (const PersonInWorld& person : label.reconstruction.people) {
    ASSERT_NE(match, std::sregex_iterator()) << output.text;
    EXPECT_EQ(std::stoi((*match)[1]), person.id);
    const Vec2d head = SourcePixel(label, person.joints_in_world[0][kHead], person.frames[0]);
    EXPECT_NEAR(std::stod((*match)[3]), head[0], 1e-3 * (1 + std::abs(head[0])));
    EXPECT_NEAR(std::stod((*match)[4]), head[1], 1e-3 * (1 + std::abs(head[1])));
    ++match;
  }

  int count = 0;
  const Vec3d mean = MeanOfKeyframes(label.reconstruction, &count);
  std::smatch points;
  const std::regex points_line("([0-9]+) points, centre ([-0-9.]+) ([-0-9.]+) ([-0-9.]+)");
  ASSERT_TRUE(std::regex_search(output.text, points, points_line)) << output.text;
  EXPECT_EQ(std::stoi(points[1]), count);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(std::stod(points[2 + i]), mean[i], 1e-3);
}

TEST(Documentation, ObservationExampleWritesAValidFile) {
  SKIP_WITHOUT("/usr/bin/python3 -c 'import h5py'", "python3-h5py");
  const TemporaryFolder folder;
  const Output output =
      RunCommand("/usr/bin/python3 " + PythonExample("observations.md", folder) + " " + (folder / "o.h5"));
  ASSERT_EQ(output.status, 0) << output.text;
  const Observations observations = ReadObservations(folder / "o.h5");
  EXPECT_EQ(observations.clip.num_frames(), 90);
  EXPECT_EQ(observations.source, "my tool 1.0");
  EXPECT_EQ(observations.flags, std::vector<std::string>{"camera_static"});
  EXPECT_TRUE(observations.camera.poses_fixed);
  EXPECT_FALSE(observations.camera.metric);
  EXPECT_TRUE(observations.camera.focal_observable);
  EXPECT_EQ(observations.camera.pinhole.focal_px, 560.0);
  EXPECT_TRUE(observations.ground.known);
  ASSERT_EQ(observations.keyframes.size(), 19u);
  const Keyframe& keyframe = observations.keyframes[18];
  EXPECT_EQ(keyframe.frame, 89);
  EXPECT_TRUE(keyframe.person_mask.empty());
  // The depth picture shows the ground plane.
  const Vec3d x_in_world = static_cast<double>(keyframe.depth_m.At(100, 400)) *
                           Unproject(observations.camera.pinhole, Vec2d{100, 400});
  EXPECT_NEAR(Dot(observations.ground.up_in_world, x_in_world), observations.ground.offset_m, 1e-6);
  EXPECT_EQ(keyframe.depth_m.At(100, 100), 0.0f);
  ASSERT_EQ(observations.people.size(), 1u);
  EXPECT_EQ(observations.people[0].frames.size(), 90u);
  EXPECT_EQ(observations.people[0].frames[7].body_in_cam.translation_m[2], 4.0);
  EXPECT_EQ(observations.people[0].frames[7].body_in_cam.root.z, 1.0);
  EXPECT_EQ(observations.people[0].contacts.size(), 19u);
  EXPECT_TRUE(observations.people[0].contacts[3].stationary);
}

// One row "| `group/name` |" per dataset that the files hold.
TEST(Documentation, ListsEveryDataset) {
  const TemporaryFolder folder;
  WriteLabel(SampleLabelFromStudent(), folder / "label.h5");
  WriteObservations(SampleObservations(), folder / "observations.h5");
  const std::vector<std::pair<std::string, std::string>> files = {{"label.h5", "label_schema.md"},
                                                                  {"observations.h5", "observations.md"}};
  for (const auto& [file, page] : files) {
    const std::string text = ReadBytes(std::string(FOOTHOLD_SOURCE_DIR) + "/docs/" + page);
    const Hdf5Reader reader(folder / file);
    std::vector<std::string> groups = {""};
    while (!groups.empty()) {
      const std::string group = groups.back();
      groups.pop_back();
      for (const std::string& name : reader.Names(group.empty() ? "/" : group)) {
        const std::string path = group.empty() ? name : group + "/" + name;
        const bool is_person = path.starts_with("people/");
        if (reader.IsGroup(path)) {
          groups.push_back(path);
          continue;
        }
        // People's datasets are listed without the group of the person.
        // Those of their quality under the first person.
        std::string listed = is_person ? path.substr(std::string("people/0000/").size()) : path;
        const std::string people_quality = "quality/people/";
        if (path.starts_with(people_quality)) listed.replace(people_quality.size(), 4, "0000");
        EXPECT_NE(text.find("`" + listed + "`"), std::string::npos) << page << " does not list " << listed;
      }
    }
  }
}

TEST(Documentation, H5dumpOpensOurFiles) {
  SKIP_WITHOUT("h5dump --version", "hdf5-tools");
  const TemporaryFolder folder;
  WriteLabel(SampleLabel(), folder / "label.h5");
  const Output output = RunCommand("h5dump -d /camera/focal_px " + (folder / "label.h5"));
  EXPECT_EQ(output.status, 0) << output.text;
  EXPECT_NE(output.text.find("(0): 28.5"), std::string::npos) << output.text;
}

}  // namespace
}  // namespace foothold::labels
