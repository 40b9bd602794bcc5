// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/synthetic.h"

#include <algorithm>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/scene/synthetic_state.h"
#include "foothold/scene/synthetic_view.h"

namespace foothold {

using synthetic::Person;
using World = SyntheticClip::World;

const OptionTable& SyntheticOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<SyntheticOptions>("synthetic", "Synthetic clips with exact truth.")
          .Add("num_frames", &SyntheticOptions::num_frames, 2, 100000, "Frames of a clip.")
          .Add("frame_rate_hz", &SyntheticOptions::frame_rate_hz, 1, 240, "Frames per second.")
          .Add("width", &SyntheticOptions::width, 64, 4096, "Width of the images, a multiple of 16.")
          .Add("height", &SyntheticOptions::height, 64, 4096, "Height of the images, a multiple of 16.")
          .Add("num_people",
               &SyntheticOptions::num_people,
               0,
               3,
               "People in the scene; 0: 1 to 3, drawn from the seed.")
          .Add("scene", &SyntheticOptions::scene, {"any", "room", "street", "loop"}, "Kind of scene.")
          .Add("camera", &SyntheticOptions::camera, {"moving", "static", "rotating"}, "Motion of the camera.")
          .Add("focal_px",
               &SyntheticOptions::focal_px,
               0,
               10000,
               "Focal length; 0: drawn from 0.7 to 1.1 times the width.")
          .Add("distortion_k1",
               &SyntheticOptions::distortion_k1,
               -0.3,
               0.3,
               "Radial lens distortion of rendered frames.")
          .Add(
              "keyframe_interval", &SyntheticOptions::keyframe_interval, 1, 1000, "Frames between keyframes.")
          .Add("match_stride_px", &SyntheticOptions::match_stride_px, 1, 256, "Grid of the match seeds.")
          .Add("loop_length_m",
               &SyntheticOptions::loop_length_m,
               0,
               1000,
               "Length of the way round in scene loop, at least 45; 0: drawn from 100 to 140.")
          .Add("loop_pairs_per_keyframe",
               &SyntheticOptions::loop_pairs_per_keyframe,
               0,
               100,
               "Most pairs of a keyframe with keyframes of long ago that see the same surfaces.")
          .Build();
  return table;
}

namespace {

constexpr int kAttempts = 200;       // Whole worlds tried before giving up.
constexpr int kPersonAttempts = 25;  // Walks tried for one person.
constexpr double kShortestLoop_m = 45;
constexpr int kMostOnLoop = 2;  // People, when their number is drawn: they walk side by side.

void CheckOptions(const SyntheticOptions& options) {
  SyntheticOptions copy = options;
  OptionSet set;
  set.Bind(&copy);
  set.CheckOrThrow();
  if (options.width % 16 != 0 || options.height % 16 != 0) {
    throw Error(ErrorKind::kUsage, "synthetic.width and synthetic.height must be multiples of 16");
  }
  if (options.scene == "loop" && options.camera != "moving") {
    throw Error(ErrorKind::kUsage, "synthetic.scene loop needs synthetic.camera moving");
  }
  if (options.loop_length_m > 0 && options.loop_length_m < kShortestLoop_m) {
    throw Error(ErrorKind::kUsage, "synthetic.loop_length_m must be 0 or at least 45");
  }
}

synthetic::Sensor MakeSensor(const SyntheticOptions& options, uint64_t seed) {
  RandomStream random(seed, "synthetic sensor");
  synthetic::Sensor sensor;
  sensor.width = options.width;
  sensor.height = options.height;
  const double drawn_focal = random.Uniform(0.7, 1.1) * options.width;
  sensor.pinhole = {options.focal_px > 0 ? options.focal_px : drawn_focal,
                    0.5 * (options.width - 1),
                    0.5 * (options.height - 1)};
  sensor.lens = {options.distortion_k1, 0};
  return sensor;
}

bool AddPeople(const BodyModel& body, int count, RandomStream* random, World* world) {
  world->people.clear();
  for (int p = 0; p < count; ++p) {
    std::optional<Person> person;
    for (int attempt = 0; attempt < kPersonAttempts && !person; ++attempt) {
      person = synthetic::MakePerson(body, world->geometry, world->timing, world->people, random);
    }
    if (!person) return false;
    world->people.push_back(std::move(*person));
  }
  return true;
}

std::shared_ptr<World> MakeWorld(const BodyModel& body, const SyntheticOptions& options, uint64_t seed) {
  RandomStream choice(seed, "synthetic choice");
  auto world = std::make_shared<World>();
  world->options = options;
  world->timing = {options.num_frames, options.frame_rate_hz};
  const bool street = choice.Bernoulli(0.5);
  world->scene = options.scene != "any" ? options.scene : street ? "street" : "room";
  world->camera = options.camera;
  const int drawn_people = choice.UniformInt(1, 3);
  const int most = world->scene == "loop" ? kMostOnLoop : drawn_people;
  const int num_people = options.num_people > 0 ? options.num_people : std::min(drawn_people, most);
  world->sensor = MakeSensor(options, seed);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    RandomStream random(seed, "synthetic world " + std::to_string(attempt));
    world->geometry = synthetic::MakeGeometry(world->scene, options.loop_length_m, &random);
    if (!AddPeople(body, num_people, &random, world.get())) continue;
    auto path = synthetic::PlanCamera(
        world->camera, world->geometry, world->people, world->sensor, world->timing, &random);
    if (!path) continue;
    world->world_from_cam = std::move(*path);
    return world;
  }
  throw Error(ErrorKind::kUsage,
              "no synthetic clip with these options for seed " + std::to_string(seed) +
                  "; ask for fewer people or frames, or another seed");
}

Clip DescribeClip(const std::string& name, const World& world, uint64_t seed) {
  Clip clip;
  clip.name = name;
  clip.source_path = name;
  clip.source_hash = HashText("synthetic " + name + " " + std::to_string(seed));
  clip.id = HashText(clip.source_hash + " 0:" + std::to_string(world.timing.num_frames));
  clip.frame_rate_hz = world.timing.frame_rate_hz;
  for (int frame = 0; frame < world.timing.num_frames; ++frame) {
    clip.time_s.push_back(frame / world.timing.frame_rate_hz);
  }
  ImageTransform& transform = clip.working_from_source;
  transform.source_width = transform.width = world.sensor.width;
  transform.source_height = transform.height = world.sensor.height;
  return clip;
}

}  // namespace

SyntheticClip MakeSyntheticClip(const BodyModel& body,
                                const SyntheticOptions& options,
                                const std::string& name,
                                uint64_t seed,
                                int threads) {
  CheckOptions(options);
  SyntheticClip clip;
  clip.world = MakeWorld(body, options, seed);
  clip.observations.clip = DescribeClip(name, *clip.world, seed);
  synthetic::ObserveExactly(body, threads, &clip);
  return clip;
}

RenderedFrame RenderFrame(const SyntheticClip& clip, const BodyModel& body, int frame) {
  const World& world = *clip.world;
  FOOTHOLD_CHECK(frame >= 0 && frame < world.timing.num_frames, "frame outside the synthetic clip");
  std::vector<std::vector<Vec3f>> colors;
  for (const Person& person : world.people) colors.push_back(synthetic::VertexColors(body, person.clothing));
  synthetic::Layers layers = synthetic::DrawView({world.sensor, world.world_from_cam[frame]},
                                                 world.geometry,
                                                 body,
                                                 synthetic::PoseEverybody(world, body, frame),
                                                 colors,
                                                 synthetic::Draw::kColor);
  return {std::move(layers.color), std::move(layers.depth_m), std::move(layers.person)};
}

}  // namespace foothold
