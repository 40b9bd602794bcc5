// SPDX-License-Identifier: Apache-2.0
// Layouts of rooms and streets.
#include <algorithm>
#include <cmath>

#include "foothold/scene/synthetic_world.h"

namespace foothold::synthetic {
namespace {

constexpr double kPi = 3.14159265358979323846;

Vec3f Pick(RandomStream* random, const std::vector<Vec3f>& palette) {
  const Vec3f color = palette[random->UniformInt(0, static_cast<int>(palette.size()) - 1)];
  const float gain = static_cast<float>(random->Uniform(0.85, 1.1));
  return {std::min(1.0F, gain * color[0]), std::min(1.0F, gain * color[1]), std::min(1.0F, gain * color[2])};
}

const std::vector<Vec3f>& GroundColors() {
  static const std::vector<Vec3f> colors = {
      {0.62F, 0.58F, 0.52F}, {0.55F, 0.47F, 0.38F}, {0.5F, 0.5F, 0.52F}, {0.66F, 0.62F, 0.58F}};
  return colors;
}
const std::vector<Vec3f>& WallColors() {
  static const std::vector<Vec3f> colors = {
      {0.78F, 0.74F, 0.66F}, {0.7F, 0.52F, 0.42F}, {0.72F, 0.76F, 0.78F}, {0.8F, 0.72F, 0.55F}};
  return colors;
}
const std::vector<Vec3f>& ObjectColors() {
  static const std::vector<Vec3f> colors = {{0.55F, 0.36F, 0.22F},
                                            {0.3F, 0.42F, 0.36F},
                                            {0.45F, 0.45F, 0.5F},
                                            {0.68F, 0.55F, 0.35F},
                                            {0.4F, 0.3F, 0.42F}};
  return colors;
}

Material MakeMaterial(Material::Kind kind, RandomStream* random) {
  const std::vector<Vec3f>& palette = kind == Material::Kind::kGround   ? GroundColors()
                                      : kind == Material::Kind::kObject ? ObjectColors()
                                                                        : WallColors();
  Material material;
  material.kind = kind;
  material.color_a = Pick(random, palette);
  material.color_b = 0.55F * Pick(random, palette);
  material.seed = random->NextUint64();
  return material;
}

void AddSolid(Geometry* geometry, Solid solid, bool walkable, const Material& material) {
  solid.walkable = walkable;
  solid.material = material;
  geometry->solids.push_back(std::move(solid));
}

// Box standing on the ground.
void AddStanding(
    Geometry* geometry, const Vec3d& foot, const Vec3d& size, double yaw_rad, const Material& material) {
  AddSolid(
      geometry, MakeBox({foot[0], foot[1] - size[1] / 2, foot[2]}, 0.5 * size, yaw_rad), false, material);
}

// Stairs up, platform, slope down, centred at `center`, along yaw.
void AddCrossing(
    Geometry* geometry, const Vec3d& center, double yaw_rad, int num_steps, RandomStream* random) {
  const double rise = random->Uniform(0.11, 0.16);
  const double tread = random->Uniform(0.34, 0.42);
  const double width = random->Uniform(1.9, 2.5);
  const double platform = random->Uniform(1.0, 1.6);
  const double height = rise * num_steps;
  const double slope = height / std::tan(random->Uniform(8.0, 12.0) * kPi / 180);
  const Vec3d forward{std::sin(yaw_rad), 0, std::cos(yaw_rad)};
  const double stairs = tread * (num_steps - 1);
  const double total = stairs + platform + slope;
  const Vec3d start = center - (total / 2) * forward;
  const Material material = MakeMaterial(Material::Kind::kGround, random);
  for (int k = 0; k < num_steps; ++k) {
    const double length = k + 1 < num_steps ? tread : platform;
    const double top = rise * (k + 1);
    const Vec3d middle = start + (tread * k + length / 2) * forward;
    Material own = material;
    own.seed += static_cast<uint64_t>(k);
    AddSolid(geometry,
             MakeBox({middle[0], -top / 2, middle[2]}, {width / 2, top / 2, length / 2}, yaw_rad),
             true,
             own);
  }
  const Vec3d low = start + total * forward;
  Material own = material;
  own.seed += static_cast<uint64_t>(num_steps);
  AddSolid(geometry, MakeSlope(low, slope, width, height, yaw_rad + kPi), true, own);
  geometry->crossings.push_back({start - 0.9 * forward, low + 0.9 * forward});
}

// Scatters standing boxes where they keep `gap_m` from everything else and from the crossing's ends.
void ScatterBoxes(Geometry* geometry, int count, double half_x, double half_z, RandomStream* random) {
  int placed = 0;
  for (int attempt = 0; attempt < 40 * count && placed < count; ++attempt) {
    const Vec3d size{random->Uniform(0.4, 1.1), random->Uniform(0.4, 1.5), random->Uniform(0.4, 1.1)};
    const Vec3d foot{random->Uniform(-half_x, half_x), 0, random->Uniform(-half_z, half_z)};
    const double reach = 0.5 * std::hypot(size[0], size[2]);
    // The ground slab touches the box: test a little above it.
    double clearance = 1e9;
    for (size_t s = 1; s < geometry->solids.size(); ++s) {
      const Solid& solid = geometry->solids[s];
      double outside = -1e9;
      for (const Face& face : solid.faces) {
        if (std::fabs(face.normal[1]) > 0.5) continue;  // Plan distance.
        outside = std::max(outside, Dot(face.normal, foot) - face.offset);
      }
      clearance = std::min(clearance, outside);
    }
    for (const Crossing& crossing : geometry->crossings) {
      clearance =
          std::min(clearance, std::min(Norm(crossing.entry - foot), Norm(crossing.exit - foot)) - 0.4);
    }
    // Leave the middle of the area free for people and camera.
    clearance = std::min(clearance, Norm(foot - geometry->area_center) - 0.8);
    if (clearance < reach + 0.5) continue;
    AddStanding(geometry, foot, size, random->Uniform(0, kPi), MakeMaterial(Material::Kind::kObject, random));
    ++placed;
  }
}

Geometry MakeRoom(RandomStream* random) {
  Geometry geometry;
  const double half_x = random->Uniform(5.5, 7);
  const double half_z = random->Uniform(5.5, 7);
  const double height = random->Uniform(2.8, 3.4);
  AddSolid(&geometry,
           MakeBox({0, 0.25, 0}, {half_x + 1, 0.25, half_z + 1}, 0),
           true,
           MakeMaterial(Material::Kind::kGround, random));
  for (int side = 0; side < 4; ++side) {
    const bool along_x = side % 2 == 0;
    const double sign = side < 2 ? 1 : -1;
    const Vec3d center =
        along_x ? Vec3d{sign * (half_x + 0.5), -height / 2, 0} : Vec3d{0, -height / 2, sign * (half_z + 0.5)};
    const Vec3d half = along_x ? Vec3d{0.5, height / 2, half_z + 1} : Vec3d{half_x + 1, height / 2, 0.5};
    AddSolid(&geometry, MakeBox(center, half, 0), false, MakeMaterial(Material::Kind::kWall, random));
  }
  AddSolid(&geometry,
           MakeBox({0, -height - 0.25, 0}, {half_x + 1, 0.25, half_z + 1}, 0),
           false,
           MakeMaterial(Material::Kind::kWall, random));
  geometry.area_half = {half_x - 2, 0, half_z - 2};
  if (random->Bernoulli(0.7)) {
    const double side = random->Bernoulli(0.5) ? 1 : -1;
    AddCrossing(&geometry,
                {side * random->Uniform(0.5, half_x - 4), 0, random->Uniform(-0.4, 0.4)},
                (random->Bernoulli(0.5) ? 0 : kPi) + random->Uniform(-0.25, 0.25),
                random->UniformInt(2, 3),
                random);
  }
  // Cupboards along two walls.
  for (int k = 0; k < 4; ++k) {
    const Vec3d size{random->Uniform(0.5, 0.7), random->Uniform(0.8, 2.0), random->Uniform(0.8, 1.6)};
    const double sign = k % 2 == 0 ? 1 : -1;
    const Vec3d foot{sign * (half_x - size[0] / 2), 0, (k < 2 ? 1 : -1) * random->Uniform(1.5, half_z - 1.2)};
    AddStanding(&geometry, foot, size, 0, MakeMaterial(Material::Kind::kObject, random));
  }
  ScatterBoxes(&geometry, random->UniformInt(3, 6), half_x - 0.8, half_z - 0.8, random);
  return geometry;
}

void DrawSun(Geometry* geometry, RandomStream* random) {
  const double azimuth = random->Uniform(0, 2 * kPi);
  const double elevation = random->Uniform(0.6, 1.1);
  geometry->sun_direction = {
      std::cos(elevation) * std::cos(azimuth), std::sin(elevation), std::cos(elevation) * std::sin(azimuth)};
}

void AddFacades(Geometry* geometry, double half_width, double half_length, RandomStream* random) {
  for (double side : {-1.0, 1.0}) {
    double z = -half_length;
    while (z < half_length) {
      const double width = random->Uniform(5, 9);
      const double height = random->Uniform(4, 10);
      const double setback = random->Uniform(0, 1.2);
      AddStanding(geometry,
                  {side * (half_width + 2.5 + setback), 0, z + width / 2},
                  {5, height, width},
                  0,
                  MakeMaterial(Material::Kind::kFacade, random));
      z += width;
    }
  }
  for (double side : {-1.0, 1.0}) {
    AddStanding(geometry,
                {0, 0, side * (half_length + 8)},
                {2 * half_width + 12, random->Uniform(5, 11), 5},
                0,
                MakeMaterial(Material::Kind::kFacade, random));
  }
}

Geometry MakeStreet(RandomStream* random) {
  Geometry geometry;
  geometry.outdoor = true;
  const double half_width = random->Uniform(6.5, 8.5);
  const double half_length = random->Uniform(28, 36);
  AddSolid(
      &geometry, MakeBox({0, 0.5, 0}, {80, 0.5, 80}, 0), true, MakeMaterial(Material::Kind::kGround, random));
  AddFacades(&geometry, half_width, half_length, random);
  // Raised pavements: a kerb to step over.
  const double kerb = random->Uniform(0.1, 0.15);
  const double pavement = random->Uniform(1.8, 2.6);
  const Material stone = MakeMaterial(Material::Kind::kGround, random);
  for (double side : {-1.0, 1.0}) {
    Material own = stone;
    own.seed += side > 0 ? 1 : 0;
    AddSolid(
        &geometry,
        MakeBox({side * (half_width - pavement / 2), -kerb / 2, 0}, {pavement / 2, kerb / 2, half_length}, 0),
        true,
        own);
  }
  geometry.area_half = {half_width - 1.2, 0, 5};
  if (random->Bernoulli(0.7)) {
    AddCrossing(&geometry,
                {random->Uniform(-1.5, 1.5), 0, random->Uniform(-2, 2)},
                (random->Bernoulli(0.5) ? 0 : kPi) + random->Uniform(-0.2, 0.2),
                random->UniformInt(2, 4),
                random);
  }
  ScatterBoxes(&geometry, random->UniformInt(4, 8), half_width - pavement - 0.7, 14, random);
  DrawSun(&geometry, random);
  return geometry;
}

// Sizes of a street round a block of houses; the block's middle is the origin.
struct LoopPlan {
  double half_x, half_z;  // Of the block.
  double width, pavement, kerb;

  double corner(int axis) const { return (axis == 0 ? half_x : half_z) + width / 2; }  // Of the middle line.
};

LoopPlan DrawLoop(double length_m, RandomStream* random) {
  LoopPlan plan;
  plan.width = random->Uniform(7, 7.5);
  plan.pavement = random->Uniform(1.4, 1.7);
  plan.kerb = random->Uniform(0.1, 0.15);
  const double drawn = random->Uniform(100, 140);
  const double halves = (length_m > 0 ? length_m : drawn) / 4 - plan.width;
  plan.half_x = halves * random->Uniform(0.45, 0.55);
  plan.half_z = halves - plan.half_x;
  return plan;
}

// Houses side by side from -half to half along one axis, with fronts `front` away on the other:
// towards the origin for the outer row, away from it for the block's.
void AddHouses(Geometry* geometry, int axis, double half, double front, double depth, RandomStream* random) {
  for (double begin = -half; begin < half;) {
    double length = random->Uniform(5, 9);
    if (half - begin - length < 3) length = half - begin;
    const double setback = random->Uniform(0, std::min(0.6, std::fabs(depth) / 2));
    const double back = front + depth, wall = front + (depth > 0 ? setback : -setback);
    const double along = begin + length / 2, across = (wall + back) / 2;
    const double thick = std::fabs(back - wall);
    AddStanding(geometry,
                axis == 0 ? Vec3d{along, 0, across} : Vec3d{across, 0, along},
                axis == 0 ? Vec3d{length, random->Uniform(4, 10), thick}
                          : Vec3d{thick, random->Uniform(4, 10), length},
                0,
                MakeMaterial(Material::Kind::kFacade, random));
    begin += length;
  }
}

void AddPavement(Geometry* geometry, double x, double z, double half_x, double half_z, const LoopPlan& plan) {
  Material material = geometry->solids[0].material;
  material.color_a = 0.85F * material.color_a;
  material.seed += geometry->solids.size();
  AddSolid(geometry, MakeBox({x, -plan.kerb / 2, z}, {half_x, plan.kerb / 2, half_z}, 0), true, material);
}

// Boxes and bins against the walls on both sides; the rest of the street stays free.
void AddStreetFurniture(Geometry* geometry, const LoopPlan& plan, RandomStream* random) {
  for (int side = 0; side < 4; ++side) {
    const int axis = side % 2;
    const double sign = side < 2 ? 1 : -1;
    const double reach = plan.corner(axis);
    for (double along = -reach + random->Uniform(0, 3); along < reach; along += random->Uniform(3, 7)) {
      const bool outer = random->Bernoulli(0.5);
      const double deep = random->Uniform(0.3, 0.5), wide = random->Uniform(0.4, 1.2);
      const double out = plan.corner(1 - axis) + (outer ? 1 : -1) * (plan.width / 2 - deep / 2);
      const double height = plan.kerb + random->Uniform(0.5, 1.6);
      AddStanding(geometry,
                  axis == 0 ? Vec3d{along, 0, sign * out} : Vec3d{sign * out, 0, along},
                  axis == 0 ? Vec3d{wide, height, deep} : Vec3d{deep, height, wide},
                  0,
                  MakeMaterial(Material::Kind::kObject, random));
    }
  }
}

// Round the block on the road, where there is room for two beside each other.
std::vector<Vec3d> DrawCircuit(const LoopPlan& plan, RandomStream* random) {
  const double cx = plan.corner(0), cz = plan.corner(1);
  const Vec3d corners[4] = {{cx, 0, cz}, {-cx, 0, cz}, {-cx, 0, -cz}, {cx, 0, -cz}};
  std::vector<Vec3d> circuit;
  for (int side = 0; side < 4; ++side) {
    const Vec3d from = corners[side], to = corners[(side + 1) % 4];
    const Vec3d along = Normalized(to - from), across = Cross(kUp, along);
    const int count = std::max(2, static_cast<int>(Norm(to - from) / 6));
    for (int k = 0; k < count; ++k) {
      const double aside = random->Uniform(-0.4, 0.4);
      circuit.push_back(from + (static_cast<double>(k) / count) * (to - from) + aside * across);
    }
  }
  if (random->Bernoulli(0.5)) std::reverse(circuit.begin(), circuit.end());
  std::rotate(circuit.begin(), circuit.begin() + 1, circuit.end());
  return circuit;
}

Geometry MakeLoop(double length_m, RandomStream* random) {
  Geometry geometry;
  geometry.outdoor = true;
  const LoopPlan plan = DrawLoop(length_m, random);
  AddSolid(
      &geometry, MakeBox({0, 0.5, 0}, {90, 0.5, 90}, 0), true, MakeMaterial(Material::Kind::kGround, random));
  const double outer_x = plan.half_x + plan.width, outer_z = plan.half_z + plan.width;
  for (double sign : {-1.0, 1.0}) {
    AddHouses(&geometry, 0, plan.half_x, sign * plan.half_z, -sign * plan.half_z, random);
    AddHouses(&geometry, 1, plan.half_z, sign * plan.half_x, -sign * std::min(1.5, plan.half_x), random);
    AddHouses(&geometry, 0, outer_x + 4, sign * outer_z, sign * 5, random);
    AddHouses(&geometry, 1, outer_z + 1, sign * outer_x, sign * 5, random);
  }
  AddPavement(&geometry, 0, 0, plan.half_x + plan.pavement, plan.half_z + plan.pavement, plan);
  const double strip = plan.pavement / 2;
  for (double sign : {-1.0, 1.0}) {
    AddPavement(&geometry, 0, sign * (outer_z - strip), outer_x, strip, plan);
    AddPavement(&geometry, sign * (outer_x - strip), 0, strip, outer_z - plan.pavement, plan);
  }
  AddStreetFurniture(&geometry, plan, random);
  geometry.circuit = DrawCircuit(plan, random);
  DrawSun(&geometry, random);
  return geometry;
}

}  // namespace

Geometry MakeGeometry(const std::string& kind, double loop_length_m, RandomStream* random) {
  if (kind == "loop") return MakeLoop(loop_length_m, random);
  return kind == "street" ? MakeStreet(random) : MakeRoom(random);
}

}  // namespace foothold::synthetic
