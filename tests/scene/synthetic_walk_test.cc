// SPDX-License-Identifier: Apache-2.0
// People of synthetic clips: planted feet stay, nothing runs through anything.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "foothold/scene/synthetic.h"
#include "foothold/scene/synthetic_state.h"
#include "foothold/scene/synthetic_view.h"
#include "synthetic_support.h"

namespace foothold {
namespace {

using synthetic::Footfall;
using synthetic::Person;

constexpr double kHeelRises_s = 0.181;  // Before a foot is lifted.

double HeightAboveSurface(const synthetic::Geometry& geometry, const Vec3d& point) {
  const synthetic::SurfacePoint surface = geometry.SurfaceAt(point[0], point[2]);
  return Dot(surface.normal, point - Vec3d{point[0], surface.y, point[2]});
}

// Checks one foot through one stance; returns the number of frames it was seen planted.
int CheckStance(const SyntheticClip::World& world,
                const BodyModel& body,
                const Person& person,
                int side,
                const Footfall& fall) {
  std::vector<int> vertices = person.feet[side].support_vertices;
  EXPECT_GE(vertices.size(), 6u);
  const size_t num_support = vertices.size();
  vertices.push_back(body.foot_vertices[2 * side]);
  vertices.push_back(body.foot_vertices[2 * side + 1]);
  std::vector<Vec3d> first;
  int frames = 0;
  for (int frame = 0; frame < world.timing.num_frames; ++frame) {
    const double t = frame / world.timing.frame_rate_hz;
    if (t < fall.land_s || t > fall.lift_s - kHeelRises_s) continue;
    ++frames;
    const std::vector<Vec3d> now = PoseVertices(body, person.shape, person.body_in_world[frame], vertices);
    if (first.empty()) first = now;
    for (size_t v = 0; v < now.size(); ++v) {
      EXPECT_LT(Norm(now[v] - first[v]), 1e-3) << "frame " << frame << " vertex " << vertices[v];
      if (v < num_support) {
        EXPECT_LT(std::fabs(HeightAboveSurface(world.geometry, now[v])), 2e-3) << "frame " << frame;
      }
    }
  }
  return frames;
}

TEST(SyntheticWalk, PlantedFeetStayOnTheSurface) {
  int planted = 0, climbers = 0;
  for (uint64_t seed = 1; seed <= 7; ++seed) {
    const char* scene = seed == 7 ? "loop" : seed % 2 ? "street" : "room";
    const SyntheticClip clip = SmallClip({.seed = seed, .scene = scene, .num_frames = 75});
    for (const Person& person : clip.world->people) {
      double lowest = -1e9, highest = 1e9;
      for (int side = 0; side < 2; ++side) {
        for (const Footfall& fall : person.walk.falls[side]) {
          planted += CheckStance(*clip.world, ShippedBody(), person, side, fall);
          lowest = std::max(lowest, fall.ground[1]);
          highest = std::min(highest, fall.ground[1]);
        }
      }
      climbers += lowest - highest > 0.2;
    }
  }
  EXPECT_GT(planted, 400);
  EXPECT_GE(climbers, 2) << "nobody used stairs or slope";
}

TEST(SyntheticWalk, NobodyInsideTheSceneOrEachOther) {
  for (uint64_t seed = 21; seed <= 25; ++seed) {
    const char* scene = seed == 25 ? "loop" : seed % 2 ? "street" : "room";
    const int people = seed == 25 ? 2 : 3;
    const SyntheticClip clip =
        SmallClip({.seed = seed, .scene = scene, .num_frames = 60, .num_people = people});
    const SyntheticClip::World& world = *clip.world;
    for (int frame = 0; frame < world.timing.num_frames; frame += 4) {
      const auto meshes = synthetic::PoseEverybody(world, ShippedBody(), frame);
      for (size_t p = 0; p < meshes.size(); ++p) {
        double deepest = 0;
        for (const Vec3d& vertex : meshes[p]) {
          deepest = std::min(deepest, world.geometry.Clearance(vertex, false));
        }
        EXPECT_GT(deepest, -0.008) << "seed " << seed << " frame " << frame << " person " << p;
        for (size_t q = 0; q < p; ++q) {
          const Vec3d apart = world.people[p].pelvis_in_world[frame] - world.people[q].pelvis_in_world[frame];
          EXPECT_GT(std::hypot(apart[0], apart[2]), 0.7);
        }
      }
    }
  }
}

TEST(SyntheticWalk, PeopleWalkLikePeople) {
  double total = 0;
  int count = 0;
  for (uint64_t seed = 41; seed <= 44; ++seed) {
    const SyntheticClip clip = SmallClip({.seed = seed, .num_frames = 60});
    for (const Person& person : clip.world->people) {
      for (int frame = 0; frame < 60; ++frame) {
        const PosedSkeleton posed = PoseSkeleton(ShippedBody(), person.shape, person.body_in_world[frame]);
        // Upright, feet below the pelvis, knees bent one way only.
        EXPECT_LT(posed.joints_m[kHead][1], posed.joints_m[kPelvis][1] - 0.4);
        for (int side = 0; side < 2; ++side) {
          EXPECT_GT(posed.joints_m[kLeftAnkle + side][1], posed.joints_m[kPelvis][1] + 0.3);
          const Vec3d knee = LogQuaternion(person.body_in_world[frame].joints[kLeftKnee + side - 1]);
          EXPECT_GT(knee[0], -0.1);
          EXPECT_LT(knee[0], 2.2);
        }
        if (frame == 0) continue;
        const double speed = 30 * Norm(person.pelvis_in_world[frame] - person.pelvis_in_world[frame - 1]);
        EXPECT_LT(speed, 2.5);
        total += speed;
        ++count;
      }
    }
  }
  EXPECT_GT(total / count, 0.5) << "mean speed, m/s";
  EXPECT_LT(total / count, 1.5);
}

TEST(SyntheticGeometry, RaysMeetBoxesAndSlopes) {
  synthetic::Geometry geometry;
  geometry.solids.push_back(synthetic::MakeBox({0, -0.5, 5}, {1, 0.5, 1}, 0.3));
  geometry.solids.push_back(synthetic::MakeSlope({10, 0, 0}, 2, 1, 0.5, 0));
  geometry.solids[1].walkable = true;
  const synthetic::RayHit hit = geometry.Cast({0, -0.5, 0}, {0, 0, 1}, 100);
  ASSERT_EQ(hit.solid, 0);
  EXPECT_NEAR(hit.distance, 5 - 1 / std::cos(0.3), 1e-12);
  EXPECT_FALSE(geometry.Cast({0, -1.1, 0}, {0, 0, 1}, 100).hit());
  EXPECT_FALSE(geometry.Cast({0, -0.5, 0}, {0, 0, 1}, 3).hit());
  EXPECT_FALSE(geometry.Sees({0, -0.5, 0}, {0, -0.5, 9}));
  EXPECT_TRUE(geometry.Sees({0, -0.5, 0}, {0, -0.5, 3}));
  EXPECT_NEAR(geometry.SurfaceAt(10, 1).y, -0.25, 1e-12);
  EXPECT_NEAR(geometry.SurfaceAt(10, 2 - 1e-9).y, -0.5, 1e-6);
  EXPECT_GT(geometry.Clearance({0, -0.5, 2}, false), 1.5);
  EXPECT_LT(geometry.Clearance({0, -0.5, 5}, false), -0.4);
  EXPECT_GT(geometry.Clearance({10, -0.1, 1}, true), 1.0);
}

}  // namespace
}  // namespace foothold
