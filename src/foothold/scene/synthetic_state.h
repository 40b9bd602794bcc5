// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/scene/synthetic.h"
#include "foothold/scene/synthetic_camera.h"
#include "foothold/scene/synthetic_people.h"
#include "foothold/scene/synthetic_world.h"

namespace foothold {

// Everything that a synthetic clip was made from. Internal to the synthetic generator.
struct SyntheticClip::World {
  SyntheticOptions options;
  std::string scene, camera;  // As drawn.
  synthetic::Timing timing;
  synthetic::Geometry geometry;
  synthetic::Sensor sensor;
  std::vector<synthetic::Person> people;
  std::vector<Rigid3d> world_from_cam;  // One per frame.
};

namespace synthetic {

// Meshes of everybody at one frame.
std::vector<std::vector<Vec3d>> PoseEverybody(const SyntheticClip::World& world,
                                              const BodyModel& body,
                                              int frame);

// Fills truth and observations from the world.
void ObserveExactly(const BodyModel& body, int threads, SyntheticClip* clip);

// Sole vertices of one foot that contacts are reported for: spread over those that touch when flat.
std::vector<int> ContactVertices(const BodyModel& body, const FootModel& foot);

}  // namespace synthetic
}  // namespace foothold
