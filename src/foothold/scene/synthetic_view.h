// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/body.h"
#include "foothold/scene/image.h"
#include "foothold/scene/synthetic_camera.h"
#include "foothold/scene/synthetic_people.h"
#include "foothold/scene/synthetic_world.h"

namespace foothold::synthetic {

// Pictures of a scene with people: bodies are rasterised with a depth buffer, the static scene is cast
// ray by ray. Internal to the synthetic generator.

struct View {
  Sensor sensor;
  Rigid3d world_from_cam = Rigid3d::Identity();

  // Direction with z = 1 in the camera, in the world: times z depth it leads to the point.
  Vec3d RayInWorld(double x, double y) const;
};

struct Layers {
  ImageU8 person;                 // 0, or 1 + index: the person is what one sees here.
  ImageF depth_m;                 // z depth; people and scene; 0 where there is only sky.
  ImageU8 color;                  // RGB; empty unless asked for.
  std::vector<int> drawn_pixels;  // Per person: pixels inside the image, hidden ones included.
};

// Colour of each vertex by the part of the body it belongs to.
std::vector<Vec3f> VertexColors(const BodyModel& body, const Clothing& clothing);

enum class Draw { kPeopleOnly, kDepth, kColor };

// kPeopleOnly leaves depth_m zero off the people. `vertices_in_world`: one mesh per person.
Layers DrawView(const View& view,
                const Geometry& geometry,
                const BodyModel& body,
                const std::vector<std::vector<Vec3d>>& vertices_in_world,
                const std::vector<std::vector<Vec3f>>& vertex_colors,
                Draw what);

}  // namespace foothold::synthetic
