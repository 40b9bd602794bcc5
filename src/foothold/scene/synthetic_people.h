// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "foothold/base/random.h"
#include "foothold/scene/body.h"
#include "foothold/scene/synthetic_world.h"

namespace foothold::synthetic {

// People of a synthetic clip: footfalls are planned on the scene's surface first, then the body is
// posed so that the feet keep to them exactly. Internal to the synthetic generator.

// Undersides of one shape's foot, relative to the ankle joint and turned level: x left, y up,
// z forward, metres.
struct FootModel {
  Quatd level;                        // Rest foot to level foot (the sole of the rest pose may tilt).
  double ankle_height_m = 0;          // Of the ankle joint above the sole.
  Vec3d toe_joint_m{0, 0, 0};         // Levelled, from the ankle.
  std::vector<Vec3d> outline_m;       // Points around the sole, y at the sole.
  std::vector<int> support_vertices;  // Touch a plane when the foot is flat (within a millimetre).
  std::vector<bool> is_forefoot;      // One per support vertex: ball and toes, else heel.
};
FootModel MakeFootModel(const BodyModel& body, const BodyShape& shape, int side);

// One foot planted: from landing to lifting it rests flat on one face of the scene.
struct Footfall {
  Vec3d ground{0, 0, 0};  // Under the ankle, on the surface.
  Vec3d normal = kUp;
  double heading_rad = 0;  // Of the walker; continuous, not wrapped.
  double yaw_rad = 0;      // Of the foot.
  double land_s = 0, lift_s = 0;
  double arch_m = 0;  // Extra height of the swing that ends here.
};
struct Walk {
  std::array<std::vector<Footfall>, 2> falls;  // Left, right; ascending time.
};

// Where one foot is at one time.
struct FootPose {
  Vec3d ankle_in_world{0, 0, 0};
  Mat3d foot_rotation = Mat3d::Identity();  // Global rotation of the ankle joint, from the rest pose.
  Mat3d toe_rotation = Mat3d::Identity();   // Global rotation of the toe joint.
  bool flat = false;
  Vec3d ground{0, 0, 0};  // Under the ankle on the way between footfalls.
  double heading_rad = 0;
  double planted = 1;  // 1 standing, 0 in the middle of a swing.

  // World position of an outline point.
  Vec3d SolePoint(const FootModel& foot, const Vec3d& outline_m) const;
};
FootPose SampleFoot(const FootModel& foot, const std::vector<Footfall>& falls, double time_s);

struct WalkStyle {
  double step_length_m, step_time_s, pause_rate;
  double arm_swing_rad, elbow_rad, arm_out_rad, lean_rad;
};

struct Clothing {
  Vec3f skin, hair, shirt, trousers, shoes;
  uint64_t seed = 0;
};

struct Person {
  BodyShape shape{};
  WalkStyle style{};
  Clothing clothing;
  std::array<FootModel, 2> feet;
  Walk walk;
  std::vector<BodyPose> body_in_world;  // One per frame.
  std::vector<Vec3d> pelvis_in_world;   // One per frame.
};

// Frames of the clip on a time axis.
struct Timing {
  int num_frames = 0;
  double frame_rate_hz = 30;
  double duration_s() const { return (num_frames - 1) / frame_rate_hz; }
};

// Footfalls over the clip and a second before and after; nothing when no free way was found.
std::optional<Walk> PlanWalk(const Geometry& geometry,
                             const std::array<FootModel, 2>& feet,
                             const WalkStyle& style,
                             const Timing& timing,
                             const std::vector<Person>& others,
                             RandomStream* random);

// Poses the body along person->walk; false when a leg cannot reach.
bool PoseWalk(const BodyModel& body, const Timing& timing, RandomStream* random, Person* person);

// A person with a walk that keeps clear of the scene and of `others`; nothing when this draw failed.
std::optional<Person> MakePerson(const BodyModel& body,
                                 const Geometry& geometry,
                                 const Timing& timing,
                                 const std::vector<Person>& others,
                                 RandomStream* random);

// Axes (left, up, forward as columns) of something that stands on a plane and faces yaw.
Mat3d StandingAxes(const Vec3d& normal, double yaw_rad);
inline Vec3d Forward(double yaw_rad) { return {std::sin(yaw_rad), 0, std::cos(yaw_rad)}; }

}  // namespace foothold::synthetic
