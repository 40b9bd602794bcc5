// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foothold/base/random.h"
#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/synthetic_people.h"
#include "foothold/scene/synthetic_world.h"

namespace foothold::synthetic {

struct Sensor {
  int width = 0, height = 0;
  Pinholed pinhole{0, 0, 0};
  RadialDistortiond lens{0, 0};
};

// Camera that looks along `forward`, level but for `roll`.
Rigid3d LookAt(const Vec3d& center_in_world, const Vec3d& target_in_world, double roll_rad);

// One pose per frame. `kind`: moving (hand-held, walks around the people), static, rotating. The best of
// several draws that keep out of the geometry; nothing when no draw sees the people well enough.
std::optional<std::vector<Rigid3d>> PlanCamera(const std::string& kind,
                                               const Geometry& geometry,
                                               const std::vector<Person>& people,
                                               const Sensor& sensor,
                                               const Timing& timing,
                                               RandomStream* random);

}  // namespace foothold::synthetic
