// SPDX-License-Identifier: Apache-2.0
// Truth, exact observations and rendered frames of synthetic clips agree with each other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "foothold/base/error.h"
#include "foothold/scene/synthetic.h"
#include "foothold/scene/synthetic_state.h"
#include "support/expect_error.h"
#include "synthetic_support.h"

namespace foothold {
namespace {

Vec3d PointAt(const SyntheticClip& clip, const Keyframe& keyframe, double x, double y, double depth_m) {
  const Pinholed& pinhole = clip.truth.pinhole;
  return clip.truth.world_from_cam[keyframe.frame] * (depth_m * Unproject(pinhole, Vec2d{x, y}));
}

// Pixel of the rendered (distorted) picture.
Vec2d DistortedPixel(const SyntheticClip& clip, const Vec3d& in_cam) {
  const Vec2d bent = Distort(clip.truth.distortion, Vec2d{in_cam[0] / in_cam[2], in_cam[1] / in_cam[2]});
  return Project(clip.truth.pinhole, Vec3d{bent[0], bent[1], 1});
}

TEST(SyntheticClip, EverySceneAndCameraGivesValidClips) {
  for (const char* scene : {"room", "street"}) {
    for (const char* camera : {"moving", "static", "rotating"}) {
      for (uint64_t seed = 1; seed <= 20; ++seed) {
        const SyntheticClip clip =
            SmallClip({.seed = seed, .scene = scene, .camera = camera, .num_frames = 8});
        const std::string origin = std::string(scene) + " " + camera + " " + std::to_string(seed);
        ASSERT_NO_THROW(CheckObservations(clip.observations, origin));
        ASSERT_EQ(ProblemsOf(clip.truth, clip.observations.clip), std::vector<std::string>()) << origin;
        ASSERT_NO_THROW(CheckObservations(AddNoise(clip, ShippedBody(), NoiseOptions(), seed), origin));
        ASSERT_FALSE(clip.observations.people.empty()) << origin;
        ASSERT_FALSE(clip.truth.points.empty()) << origin;
      }
    }
  }
}

TEST(SyntheticClip, CamerasMoveAsAskedAndKeepOutOfTheScene) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    for (const char* camera : {"moving", "static", "rotating"}) {
      const SyntheticClip clip = SmallClip({.seed = seed, .camera = camera, .num_frames = 40});
      const std::vector<Rigid3d>& poses = clip.truth.world_from_cam;
      double path = 0, turn = 0;
      for (size_t f = 0; f < poses.size(); ++f) {
        EXPECT_GT(clip.world->geometry.Clearance(poses[f].translation, false), 0.25);
        path = std::max(path, Norm(poses[f].translation - poses[0].translation));
        turn = std::max(turn, Norm(LogQuaternion(Conjugate(poses[0].rotation) * poses[f].rotation)));
      }
      const std::string kind = camera;
      EXPECT_EQ(path > 0.3, kind == "moving") << kind << " " << path;
      EXPECT_EQ(path == 0, kind != "moving") << kind << " " << path;
      EXPECT_EQ(turn > 0.02, kind != "static") << kind << " " << turn;
      EXPECT_EQ(clip.observations.camera.poses_fixed, kind != "moving");
    }
  }
}

TEST(SyntheticClip, TwoRunsAreEqualAndSeedsDiffer) {
  const SyntheticClip a = SmallClip({.seed = 3}, 1), b = SmallClip({.seed = 3}, 3),
                      c = SmallClip({.seed = 4}, 1);
  const Observations &x = a.observations, &y = b.observations;
  ASSERT_EQ(x.keyframes.size(), y.keyframes.size());
  for (size_t k = 0; k < x.keyframes.size(); ++k) {
    EXPECT_EQ(x.keyframes[k].depth_m.data, y.keyframes[k].depth_m.data);
    EXPECT_EQ(x.keyframes[k].color.data, y.keyframes[k].color.data);
  }
  ASSERT_EQ(x.people.size(), y.people.size());
  EXPECT_EQ(x.people[0].contacts.size(), y.people[0].contacts.size());
  EXPECT_TRUE(x.people[0].frames[5].body_in_cam.translation_m ==
              y.people[0].frames[5].body_in_cam.translation_m);
  EXPECT_EQ(RenderFrame(a, ShippedBody(), 7).color.data, RenderFrame(b, ShippedBody(), 7).color.data);
  EXPECT_NE(RenderFrame(a, ShippedBody(), 7).color.data, RenderFrame(c, ShippedBody(), 7).color.data);
  EXPECT_NE(a.truth.world_from_cam[0].translation[0], c.truth.world_from_cam[0].translation[0]);
  const Observations n1 = AddNoise(a, ShippedBody(), NoiseOptions(), 8),
                     n2 = AddNoise(a, ShippedBody(), NoiseOptions(), 8),
                     n3 = AddNoise(a, ShippedBody(), NoiseOptions(), 9);
  EXPECT_EQ(n1.keyframes[1].depth_m.data, n2.keyframes[1].depth_m.data);
  EXPECT_NE(n1.keyframes[1].depth_m.data, n3.keyframes[1].depth_m.data);
  EXPECT_EQ(n1.camera.pinhole.focal_px, n2.camera.pinhole.focal_px);
}

TEST(SyntheticClip, MatchesJoinTheSamePoint) {
  for (uint64_t seed = 11; seed <= 13; ++seed) {
    const SyntheticClip clip = SmallClip({.seed = seed, .num_frames = 26});
    const Observations& observations = clip.observations;
    ASSERT_FALSE(observations.pairs.empty());
    size_t count = 0, agree = 0;
    for (const KeyframePair& pair : observations.pairs) {
      const Keyframe &from = observations.keyframes[pair.i], &to = observations.keyframes[pair.j];
      const Rigid3d j_from_world = Inverse(clip.truth.world_from_cam[to.frame]);
      for (const PixelMatch& match : pair.matches) {
        const int x = static_cast<int>(match.x_i), y = static_cast<int>(match.y_i);
        ASSERT_GT(from.confidence.At(x, y), 0);
        const Vec3d point = PointAt(clip, from, x, y, from.depth_m.At(x, y));
        const Vec3d in_j = j_from_world * point;
        const Vec2d pixel = Project(clip.truth.pinhole, in_j);
        ASSERT_NEAR(pixel[0], match.x_j, 1e-3);
        ASSERT_NEAR(pixel[1], match.y_j, 1e-3);
        // The depth map of the other keyframe says the same, but next to edges.
        const double depth =
            to.depth_m.At(static_cast<int>(std::lround(pixel[0])), static_cast<int>(std::lround(pixel[1])));
        agree += std::fabs(depth - in_j[2]) < 0.05 * in_j[2];
        ++count;
      }
    }
    EXPECT_GT(count, 500u);
    EXPECT_GT(static_cast<double>(agree), 0.97 * static_cast<double>(count));
  }
}

// Body vertices project onto rendered pixels of their person: those on the near side at their depth,
// none in front of what is drawn there but for a pixel's width at the edges of limbs.
void CheckBodyPixels(const SyntheticClip& clip, int frame) {
  const RenderedFrame rendered = RenderFrame(clip, ShippedBody(), frame);
  const Rigid3d cam_from_world = Inverse(clip.truth.world_from_cam[frame]);
  const auto meshes = synthetic::PoseEverybody(*clip.world, ShippedBody(), frame);
  int count = 0, at_depth = 0, in_front = 0;
  for (size_t p = 0; p < meshes.size(); ++p) {
    for (const Vec3d& vertex : meshes[p]) {
      const Vec3d in_cam = cam_from_world * vertex;
      if (in_cam[2] < 0.1) continue;
      const Vec2d pixel = DistortedPixel(clip, in_cam);
      const int x = static_cast<int>(std::lround(pixel[0])), y = static_cast<int>(std::lround(pixel[1]));
      if (!rendered.depth_m.Contains(x, y) || rendered.person_mask.At(x, y) != p + 1) continue;
      const double behind = in_cam[2] - rendered.depth_m.At(x, y);
      ++count;
      at_depth += std::fabs(behind) < 0.02;
      in_front += behind < -0.04;
    }
  }
  EXPECT_GT(at_depth, 1000) << "frame " << frame;
  EXPECT_LT(in_front, 0.03 * count) << "frame " << frame;
}

TEST(SyntheticRender, BodiesAndSceneAreWhereTheTruthSays) {
  for (double k1 : {0.0, -0.12}) {
    const SyntheticClip clip =
        SmallClip({.seed = 31, .num_people = 2, .distortion_k1 = k1, .width = 256, .height = 192});
    for (int frame : {0, 9}) CheckBodyPixels(clip, frame);
    // Scene points sampled from the keyframes, seen from rendered frame 0.
    const RenderedFrame rendered = RenderFrame(clip, ShippedBody(), 0);
    const Rigid3d cam_from_world = Inverse(clip.truth.world_from_cam[0]);
    int count = 0, agree = 0;
    for (const ScenePoint& point : clip.truth.points) {
      const Vec3d at = point.position_m.Cast<double>();
      if (!clip.world->geometry.Sees(clip.truth.world_from_cam[0].translation, at)) continue;
      const Vec3d in_cam = cam_from_world * at;
      if (in_cam[2] < 0.1) continue;
      const Vec2d pixel = DistortedPixel(clip, in_cam);
      const int x = static_cast<int>(std::lround(pixel[0])), y = static_cast<int>(std::lround(pixel[1]));
      if (!rendered.depth_m.Contains(x, y) || rendered.person_mask.At(x, y) != 0) continue;
      ++count;
      agree += std::fabs(rendered.depth_m.At(x, y) - in_cam[2]) < 0.06 * in_cam[2];
    }
    EXPECT_GT(count, 100);
    EXPECT_GT(agree, 0.95 * count);
  }
}

TEST(SyntheticRender, UndistortedKeyframesAndBoxesFitThePicture) {
  const SyntheticClip clip = SmallClip({.seed = 32, .num_people = 2});
  for (const Keyframe& keyframe : clip.observations.keyframes) {
    const RenderedFrame rendered = RenderFrame(clip, ShippedBody(), keyframe.frame);
    EXPECT_EQ(rendered.color.data, keyframe.color.data);
    EXPECT_EQ(rendered.depth_m.data, keyframe.depth_m.data);
    for (const PersonInWorld& person : clip.truth.people) {
      const auto found = std::find(person.frames.begin(), person.frames.end(), keyframe.frame);
      if (found == person.frames.end()) continue;
      const Box& box = person.box_px[found - person.frames.begin()];
      int inside = 0, outside = 0;
      for (int y = 0; y < rendered.person_mask.height; ++y) {
        for (int x = 0; x < rendered.person_mask.width; ++x) {
          if (rendered.person_mask.At(x, y) != person.id + 1) continue;
          const bool in = x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
          ++(in ? inside : outside);
        }
      }
      EXPECT_EQ(outside, 0);
      EXPECT_GT(inside, 0.1 * box.width * box.height);
    }
  }
}

TEST(SyntheticRender, PictureHasCornersAndDoesNotRepeat) {
  SyntheticOptions options;
  options.num_frames = 2;
  for (const char* scene : {"room", "street"}) {
    options.scene = scene;
    const SyntheticClip clip = MakeSyntheticClip(ShippedBody(), options, "t", 6);
    const ImageU8 color = RenderFrame(clip, ShippedBody(), 0).color;
    int rich = 0, blocks = 0;
    for (int y0 = 0; y0 + 16 <= color.height; y0 += 16) {
      for (int x0 = 0; x0 + 16 <= color.width; x0 += 16) {
        // Smallest eigenvalue of the structure tensor, grey levels squared per pixel.
        double xx = 0, xy = 0, yy = 0;
        for (int y = y0 + 1; y < y0 + 15; ++y) {
          for (int x = x0 + 1; x < x0 + 15; ++x) {
            const double gx = 0.5 * (color.At(x + 1, y, 1) - color.At(x - 1, y, 1));
            const double gy = 0.5 * (color.At(x, y + 1, 1) - color.At(x, y - 1, 1));
            xx += gx * gx, xy += gx * gy, yy += gy * gy;
          }
        }
        const double smallest = 0.5 * (xx + yy - std::sqrt((xx - yy) * (xx - yy) + 4 * xy * xy)) / 196;
        rich += smallest > 4;
        ++blocks;
      }
    }
    EXPECT_GT(rich, 0.5 * blocks) << scene;
  }
}

TEST(SyntheticClip, ContactsAreWhereFeetTouch) {
  int stationary = 0, pairs = 0;
  for (uint64_t seed = 51; seed <= 53; ++seed) {
    const SyntheticClip clip = SmallClip({.seed = seed, .num_frames = 61});
    for (const PersonObservations& person : clip.observations.people) {
      const synthetic::Person& exact = clip.world->people[person.id];
      EXPECT_GT(person.contacts.size(), 10u);
      for (size_t c = 0; c < person.contacts.size(); ++c) {
        const Contact& contact = person.contacts[c];
        const auto position = [&](int keyframe) {
          const int frame = clip.observations.keyframes[keyframe].frame;
          return PoseVertices(ShippedBody(), exact.shape, exact.body_in_world[frame], {contact.vertex})[0];
        };
        const Vec3d here = position(contact.keyframe);
        const synthetic::SurfacePoint surface = clip.world->geometry.SurfaceAt(here[0], here[2]);
        EXPECT_LT(std::fabs(Dot(surface.normal, here - Vec3d{here[0], surface.y, here[2]})), 2.1e-3);
        stationary += contact.stationary;
        // Stationary here and at the next keyframe: the same place.
        for (const Contact& other : person.contacts) {
          if (other.keyframe != contact.keyframe + 1 || other.vertex != contact.vertex) continue;
          if (!contact.stationary || !other.stationary) continue;
          EXPECT_LT(Norm(position(other.keyframe) - here), 2e-3);
          ++pairs;
        }
      }
    }
  }
  EXPECT_GT(stationary, 100);
  EXPECT_GT(pairs, 100);
}

TEST(SyntheticClip, BodyInCameraIsTheWorldBodySeenFromThere) {
  const SyntheticClip clip = SmallClip({.seed = 61});
  for (const PersonObservations& person : clip.observations.people) {
    const synthetic::Person& exact = clip.world->people[person.id];
    const PersonFrame& entry = person.frames[person.frames.size() / 2];
    const PosedSkeleton in_cam = PoseSkeleton(ShippedBody(), person.shape, entry.body_in_cam);
    const PosedSkeleton in_world = PoseSkeleton(ShippedBody(), exact.shape, exact.body_in_world[entry.frame]);
    for (int k = 0; k < kNumJoints; ++k) {
      const Vec3d seen = clip.truth.world_from_cam[entry.frame] * in_cam.joints_m[k];
      EXPECT_LT(Norm(seen - in_world.joints_m[k]), 1e-9);
    }
  }
}

TEST(SyntheticClip, BadOptionsAreRefused) {
  SyntheticOptions options;
  options.width = 100;
  ExpectError(
      ErrorKind::kUsage, {"multiples of 16"}, [&] { MakeSyntheticClip(ShippedBody(), options, "t", 1); });
  options = SyntheticOptions();
  options.scene = "moon";
  ExpectError(ErrorKind::kUsage, {"scene"}, [&] { MakeSyntheticClip(ShippedBody(), options, "t", 1); });
}

}  // namespace
}  // namespace foothold
