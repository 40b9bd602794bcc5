// SPDX-License-Identifier: Apache-2.0
// Copies a folder of labels and does to a share of them what goes wrong in practice, by a fixed recipe. The
// labels say nothing of it: their quality group is that of the sound ones. Prints "file kind" for each.
//   build/bin/corrupt_labels FROM TO [--share 0.3] [--seed 1]
// scale   scene and camera path are 1.5 times as large; bodies stay where they are in the camera
// swap    from the middle of the clip on, the first two people have each other's bodies
// drift   cameras stay, bodies drift by 0.3 m along the ground
// freeze  bodies stay as they were in the first frame
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "labels/body_file.h"
#include "labels/label.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr double kScale = 1.5;
constexpr double kDrift_m = 0.3;
const std::array<std::string, 4> kKinds = {"scale", "swap", "drift", "freeze"};

std::vector<Vec3d> RestPelvises(const Reconstruction& scene, const BodyModel& body) {
  std::vector<Vec3d> pelvises;
  for (const PersonInWorld& person : scene.people) pelvises.push_back(RestPelvis(body, person.shape));
  return pelvises;
}

void Enlarge(const BodyModel& body, Reconstruction* scene) {
  const std::vector<Vec3d> rest_pelvis_m = RestPelvises(*scene, body);
  std::vector<Rigid3d> larger = scene->world_from_cam;
  for (Rigid3d& camera : larger) camera.translation = kScale * camera.translation;
  for (size_t p = 0; p < scene->people.size(); ++p) {
    PersonInWorld& person = scene->people[p];
    for (size_t i = 0; i < person.frames.size(); ++i) {
      const auto frame = static_cast<size_t>(person.frames[i]);
      person.body_in_world[i] = TransformBody(
          larger[frame] * Inverse(scene->world_from_cam[frame]), person.body_in_world[i], rest_pelvis_m[p]);
    }
  }
  scene->world_from_cam = std::move(larger);
  for (KeyframeDepth& keyframe : scene->keyframes) {
    keyframe.scale *= kScale;
    for (float& depth_m : keyframe.depth_m.data) depth_m *= static_cast<float>(kScale);
  }
  for (ScenePoint& point : scene->points) point.position_m = static_cast<float>(kScale) * point.position_m;
}

// False: there are no two people who are there together in the second half.
bool Swap(int num_frames, Reconstruction* scene) {
  if (scene->people.size() < 2) return false;
  PersonInWorld &a = scene->people[0], &b = scene->people[1];
  std::map<int, size_t> entry_of_b;
  for (size_t i = 0; i < b.frames.size(); ++i) entry_of_b[b.frames[i]] = i;
  int exchanged = 0;
  for (size_t i = 0; i < a.frames.size(); ++i) {
    const auto other = entry_of_b.find(a.frames[i]);
    if (a.frames[i] < num_frames / 2 || other == entry_of_b.end()) continue;
    std::swap(a.body_in_world[i], b.body_in_world[other->second]);
    ++exchanged;
  }
  return 4 * exchanged >= num_frames;
}

void Drift(int num_frames, double direction_rad, Reconstruction* scene) {
  const Vec3d along{std::cos(direction_rad), 0, std::sin(direction_rad)};
  for (PersonInWorld& person : scene->people) {
    for (size_t i = 0; i < person.frames.size(); ++i) {
      Vec3d& at_m = person.body_in_world[i].translation_m;
      at_m = at_m + (kDrift_m * person.frames[i] / num_frames) * along;
    }
  }
}

void Freeze(Reconstruction* scene) {
  for (PersonInWorld& person : scene->people) {
    std::fill(person.body_in_world.begin(), person.body_in_world.end(), person.body_in_world.front());
  }
}

// The kind that was done.
std::string Corrupt(size_t turn, const BodyModel& body, RandomStream* random, labels::Label* label) {
  Reconstruction* scene = &label->reconstruction;
  const int num_frames = label->clip.num_frames();
  std::string kind = kKinds[turn % kKinds.size()];
  const double direction_rad = random->Uniform(0, 2 * std::numbers::pi);
  if (kind == "swap" && !Swap(num_frames, scene)) kind = "freeze";
  if (kind == "scale") Enlarge(body, scene);
  if (kind == "drift") Drift(num_frames, direction_rad, scene);
  if (kind == "freeze") Freeze(scene);
  FillJoints(body, scene);
  return kind;
}

int Run(int argc, char** argv) {
  double share = 0.3;
  uint64_t seed = 1;
  for (int i = 3; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--share") share = std::atof(argv[i + 1]);
    if (std::string(argv[i]) == "--seed") seed = static_cast<uint64_t>(std::atoll(argv[i + 1]));
  }
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(argv[1])) {
    if (entry.path().extension() == ".h5") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  RandomStream random(seed, "corrupt_labels");
  for (size_t i = paths.size(); i > 1; --i) {
    std::swap(paths[i - 1], paths[static_cast<size_t>(random.UniformInt(0, static_cast<int>(i) - 1))]);
  }
  const auto num_corrupt = static_cast<size_t>(std::lround(share * static_cast<double>(paths.size())));
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  fs::create_directories(argv[2]);
  for (size_t i = 0; i < paths.size(); ++i) {
    labels::Label label = labels::ReadLabel(paths[i].string());
    const std::string kind = i < num_corrupt ? Corrupt(i, body, &random, &label) : "sound";
    labels::WriteLabel(label, (fs::path(argv[2]) / paths[i].filename()).string());
    std::printf("%s %s\n", paths[i].filename().c_str(), kind.c_str());
  }
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: corrupt_labels FROM TO [--share 0.3] [--seed 1]\n");
    return 2;
  }
  try {
    return foothold::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
