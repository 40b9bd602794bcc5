// SPDX-License-Identifier: Apache-2.0
// Bodies posed over planned footfalls: pelvis from the feet, legs by inverse kinematics, arms and
// trunk in step.
#include <algorithm>
#include <cmath>

#include "foothold/scene/synthetic_people.h"
#include "foothold/scene/synthetic_signal.h"

namespace foothold::synthetic {
namespace {

constexpr double kBefore = 1.0;     // Seconds sampled before the first frame and after the last.
constexpr double kKneeSlack = 0.1;  // The straightest knee, radians from the longest leg.

Mat3d About(int axis, double angle) {
  Vec3d w{0, 0, 0};
  w[axis] = angle;
  return MatrixFromQuaternion(ExpQuaternion(w));
}

// Thigh and shin of one leg, rest vectors. The knee turns about x by `flexion`.
struct Leg {
  Vec3d thigh, shin;
  double straightest;  // Flexion of the longest leg.

  Leg(const Vec3d& hip, const Vec3d& knee, const Vec3d& ankle) : thigh(knee - hip), shin(ankle - knee) {
    straightest =
        std::atan2(thigh[2] * shin[1] - thigh[1] * shin[2], thigh[1] * shin[1] + thigh[2] * shin[2]);
  }
  Vec3d Reach(double flexion) const { return thigh + About(0, flexion) * shin; }
  double MaxLength() const { return Norm(Reach(straightest + kKneeSlack)); }
  // Flexion that gives the length; the length is clamped to what the leg can do.
  double Flexion(double length) const {
    const double a = thigh[1] * shin[1] + thigh[2] * shin[2];
    const double b = thigh[2] * shin[1] - thigh[1] * shin[2];
    const double want = 0.5 * (length * length - SquaredNorm(thigh) - SquaredNorm(shin)) - thigh[0] * shin[0];
    return straightest + std::acos(std::clamp(want / std::hypot(a, b), -1.0, 1.0));
  }
};

// Rotation that takes direction `a` to `b` and keeps `x` as close to `x_to` as it can.
Mat3d Align(const Vec3d& a, const Vec3d& x, const Vec3d& b, const Vec3d& x_to) {
  const auto frame = [](const Vec3d& first, const Vec3d& second) {
    const Vec3d e1 = Normalized(first);
    const Vec3d e2 = Normalized(second - Dot(second, e1) * e1);
    const Vec3d e3 = Cross(e1, e2);
    Mat3d m;
    for (int r = 0; r < 3; ++r) {
      m(r, 0) = e1[r];
      m(r, 1) = e2[r];
      m(r, 2) = e3[r];
    }
    return m;
  };
  return frame(b, x_to) * Transposed(frame(a, x));
}

// Everything sampled on a fine grid; frame f is sample first + f * per_frame.
struct Track {
  int per_frame = 1, first = 0, count = 0;
  double step_s = 0;
  std::array<std::vector<FootPose>, 2> feet;
  std::vector<double> heading, stride, sway;  // Stride: left foot ahead of the right, metres.
  std::array<std::vector<double>, 3> pelvis;
};

std::array<std::vector<double>, 3> Components(const std::vector<Vec3d>& points) {
  std::array<std::vector<double>, 3> parts;
  for (const Vec3d& p : points) {
    for (int a = 0; a < 3; ++a) parts[a].push_back(p[a]);
  }
  return parts;
}

Track SampleFeet(const Person& person, const Timing& timing) {
  Track track;
  track.per_frame = std::max(1, static_cast<int>(std::ceil(120 / timing.frame_rate_hz)));
  track.step_s = 1 / (timing.frame_rate_hz * track.per_frame);
  track.first = static_cast<int>(std::ceil(kBefore / track.step_s));
  track.count = 2 * track.first + (timing.num_frames - 1) * track.per_frame + 1;
  std::vector<Vec3d> middle;
  for (int i = 0; i < track.count; ++i) {
    const double t = (i - track.first) * track.step_s;
    for (int side = 0; side < 2; ++side) {
      track.feet[side].push_back(SampleFoot(person.feet[side], person.walk.falls[side], t));
    }
    const FootPose& left = track.feet[0][i];
    const FootPose& right = track.feet[1][i];
    const double heading = 0.5 * (left.heading_rad + right.heading_rad);
    const Vec3d apart = left.ground - right.ground;
    track.heading.push_back(heading);
    track.stride.push_back(Dot(Forward(heading), apart));
    // The weight moves over the standing foot.
    track.sway.push_back(0.14 * (left.planted - right.planted) * Dot(Cross(kUp, Forward(heading)), apart));
    middle.push_back(0.5 * (left.ground + right.ground));
  }
  track.heading = Smooth(track.heading, 0.15 / track.step_s);
  track.stride = Smooth(track.stride, 0.05 / track.step_s);
  track.sway = Smooth(track.sway, 0.09 / track.step_s);
  track.pelvis = Components(middle);
  for (auto& part : track.pelvis) part = Smooth(part, 0.1 / track.step_s);
  for (int i = 0; i < track.count; ++i) {
    const Vec3d left = Cross(kUp, Forward(track.heading[i]));
    track.pelvis[0][i] += track.sway[i] * left[0];
    track.pelvis[2][i] += track.sway[i] * left[2];
  }
  return track;
}

Mat3d PelvisRotation(const Track& track, const WalkStyle& style, int i) {
  const double yaw = -0.16 * track.stride[i];
  const double roll = 0.6 * track.sway[i];
  return StandingAxes(kUp, track.heading[i]) * About(1, yaw) * About(0, style.lean_rad) * About(2, roll);
}

// Height of the pelvis: as high as both legs allow, smooth. False when a foot is out of reach.
bool SolveHeight(const PosedSkeleton& rest,
                 const std::array<Leg, 2>& legs,
                 const WalkStyle& style,
                 Track* track) {
  std::vector<double> bound(track->count, 1e9);  // Upwards, that is -y.
  for (int i = 0; i < track->count; ++i) {
    const Mat3d rotation = PelvisRotation(*track, style, i);
    for (int side = 0; side < 2; ++side) {
      const Vec3d hip = rotation * (rest.joints_m[side == 0 ? kLeftHip : kRightHip] - rest.joints_m[kPelvis]);
      const Vec3d ankle = track->feet[side][i].ankle_in_world;
      const double dx = track->pelvis[0][i] + hip[0] - ankle[0];
      const double dz = track->pelvis[2][i] + hip[2] - ankle[2];
      const double left = legs[side].MaxLength() * legs[side].MaxLength() - dx * dx - dz * dz;
      if (left < 0.15) return false;
      bound[i] = std::min(bound[i], std::sqrt(left) - ankle[1] + hip[1]);
    }
  }
  const std::vector<double> height = SmoothBelow(bound, static_cast<int>(0.2 / track->step_s));
  for (int i = 0; i < track->count; ++i) track->pelvis[1][i] = -height[i];
  return true;
}

Quatd LocalRotation(const Mat3d& parent, const Mat3d& child) {
  return QuaternionFromMatrix(Transposed(parent) * child);
}

void PoseLeg(
    const Leg& leg, int side, const Vec3d& hip, const Mat3d& root, const FootPose& foot, BodyPose* pose) {
  const Vec3d reach = foot.ankle_in_world - hip;
  const double flexion = leg.Flexion(Norm(reach));
  const Vec3d x{1, 0, 0};
  const Vec3d lateral = 0.5 * (root * x) + 0.5 * (foot.foot_rotation * x);
  const Mat3d thigh = Align(leg.Reach(flexion), x, reach, lateral);
  const Mat3d knee = About(0, flexion);
  pose->joints[(side == 0 ? kLeftHip : kRightHip) - 1] = LocalRotation(root, thigh);
  pose->joints[(side == 0 ? kLeftKnee : kRightKnee) - 1] = QuaternionFromMatrix(knee);
  pose->joints[(side == 0 ? kLeftAnkle : kRightAnkle) - 1] = LocalRotation(thigh * knee, foot.foot_rotation);
  pose->joints[(side == 0 ? kLeftFoot : kRightFoot) - 1] =
      LocalRotation(foot.foot_rotation, foot.toe_rotation);
}

// Slow random motion of trunk, head and arms, one signal each.
struct Sway {
  std::vector<std::vector<double>> signals;
  double At(int which, int frame) const { return signals[which][frame]; }
};

void PoseTrunk(const PosedSkeleton& rest,
               const WalkStyle& style,
               double stride,
               double roll,
               const Sway& sway,
               int frame,
               BodyPose* pose) {
  const double yaw = 0.32 * stride / 3;  // Undoes the pelvis and turns the chest the other way.
  for (int joint : {kSpine1, kSpine2, kSpine3}) {
    pose->joints[joint - 1] =
        QuaternionFromMatrix(About(1, yaw + 0.015 * sway.At(0, frame)) * About(0, 0.015 * sway.At(1, frame)) *
                             About(2, -roll / 3 + 0.015 * sway.At(2, frame)));
  }
  for (int joint : {kNeck, kHead}) {
    pose->joints[joint - 1] =
        QuaternionFromMatrix(About(1, -0.08 * stride + 0.12 * sway.At(3, frame)) *
                             About(0, -0.5 * style.lean_rad + 0.06 * sway.At(4, frame)));
  }
  for (int side = 0; side < 2; ++side) {
    const double sign = side == 0 ? 1 : -1;
    // The arm swings with the other leg; positive is backwards.
    const double swing = style.arm_swing_rad * sign * stride / 0.5 + 0.05 * sway.At(5 + side, frame);
    const Vec3d upper = rest.joints_m[side == 0 ? kLeftElbow : kRightElbow] -
                        rest.joints_m[side == 0 ? kLeftShoulder : kRightShoulder];
    const Vec3d fore = rest.joints_m[side == 0 ? kLeftWrist : kRightWrist] -
                       rest.joints_m[side == 0 ? kLeftElbow : kRightElbow];
    const double down = std::atan2(std::fabs(upper[0]), -upper[1]) - style.arm_out_rad;
    pose->joints[(side == 0 ? kLeftShoulder : kRightShoulder) - 1] =
        QuaternionFromMatrix(About(0, swing) * About(2, -sign * down));
    const double bent = std::acos(std::clamp(Dot(Normalized(upper), Normalized(fore)), -1.0, 1.0));
    const double bend = style.elbow_rad - 0.35 * std::min(0.0, swing) - bent;
    pose->joints[(side == 0 ? kLeftElbow : kRightElbow) - 1] =
        ExpQuaternion(bend * Normalized(Cross(upper, fore)));
  }
}

}  // namespace

bool PoseWalk(const BodyModel& body, const Timing& timing, RandomStream* random, Person* person) {
  const PosedSkeleton rest = PoseSkeleton(body, person->shape, BodyPose());
  const std::array<Leg, 2> legs = {
      Leg(rest.joints_m[kLeftHip], rest.joints_m[kLeftKnee], rest.joints_m[kLeftAnkle]),
      Leg(rest.joints_m[kRightHip], rest.joints_m[kRightKnee], rest.joints_m[kRightAnkle])};
  Track track = SampleFeet(*person, timing);
  if (!SolveHeight(rest, legs, person->style, &track)) return false;
  Sway sway;
  for (int k = 0; k < 7; ++k) {
    sway.signals.push_back(SmoothNoise(timing.num_frames, 0.5 * timing.frame_rate_hz, random));
  }
  person->body_in_world.clear();
  person->pelvis_in_world.clear();
  for (int frame = 0; frame < timing.num_frames; ++frame) {
    const int i = track.first + frame * track.per_frame;
    const Vec3d pelvis{track.pelvis[0][i], track.pelvis[1][i], track.pelvis[2][i]};
    const Mat3d root = PelvisRotation(track, person->style, i);
    BodyPose pose;
    pose.root = QuaternionFromMatrix(root);
    pose.translation_m = pelvis - rest.rest_joints_m[kPelvis];
    for (int side = 0; side < 2; ++side) {
      const Vec3d hip =
          pelvis + root * (rest.joints_m[side == 0 ? kLeftHip : kRightHip] - rest.joints_m[kPelvis]);
      PoseLeg(legs[side], side, hip, root, track.feet[side][i], &pose);
    }
    PoseTrunk(rest, person->style, track.stride[i], 0.6 * track.sway[i], sway, frame, &pose);
    person->body_in_world.push_back(pose);
    person->pelvis_in_world.push_back(pelvis);
  }
  return true;
}

namespace {

Vec3f Shade(const Vec3f& color, double gain) {
  Vec3f out;
  for (int c = 0; c < 3; ++c) out[c] = std::clamp(static_cast<float>(gain) * color[c], 0.02F, 1.0F);
  return out;
}

Clothing DrawClothing(RandomStream* random) {
  static const std::vector<Vec3f> kShirts = {{0.8F, 0.12F, 0.12F},
                                             {0.12F, 0.2F, 0.65F},
                                             {0.9F, 0.88F, 0.82F},
                                             {0.1F, 0.45F, 0.2F},
                                             {0.08F, 0.08F, 0.1F},
                                             {0.9F, 0.7F, 0.1F},
                                             {0.5F, 0.15F, 0.5F}};
  static const std::vector<Vec3f> kTrousers = {{0.1F, 0.12F, 0.25F},
                                               {0.07F, 0.07F, 0.08F},
                                               {0.25F, 0.2F, 0.15F},
                                               {0.2F, 0.25F, 0.35F},
                                               {0.15F, 0.2F, 0.12F}};
  static const std::vector<Vec3f> kSkin = {
      {0.85F, 0.65F, 0.52F}, {0.7F, 0.48F, 0.35F}, {0.42F, 0.27F, 0.18F}};
  static const std::vector<Vec3f> kHair = {{0.1F, 0.07F, 0.05F}, {0.35F, 0.22F, 0.1F}, {0.65F, 0.5F, 0.25F}};
  const auto pick = [random](const std::vector<Vec3f>& from) {
    return from[random->UniformInt(0, static_cast<int>(from.size()) - 1)];
  };
  Clothing clothing;
  clothing.shirt = Shade(pick(kShirts), random->Uniform(0.85, 1.1));
  clothing.trousers = Shade(pick(kTrousers), random->Uniform(0.8, 1.2));
  clothing.skin = Shade(pick(kSkin), random->Uniform(0.9, 1.1));
  clothing.hair = Shade(pick(kHair), random->Uniform(0.8, 1.2));
  clothing.shoes = Shade({0.12F, 0.11F, 0.1F}, random->Uniform(0.6, 3));
  clothing.seed = random->NextUint64();
  return clothing;
}

}  // namespace

std::optional<Person> MakePerson(const BodyModel& body,
                                 const Geometry& geometry,
                                 const Timing& timing,
                                 const std::vector<Person>& others,
                                 RandomStream* random) {
  Person person;
  for (double& s : person.shape) s = std::clamp(random->Normal(), -2.0, 2.0);
  for (int side = 0; side < 2; ++side) person.feet[side] = MakeFootModel(body, person.shape, side);
  const PosedSkeleton rest = PoseSkeleton(body, person.shape, BodyPose());
  const double leg = Norm(rest.joints_m[kLeftHip] - rest.joints_m[kLeftKnee]) +
                     Norm(rest.joints_m[kLeftKnee] - rest.joints_m[kLeftAnkle]);
  person.style.step_length_m = random->Uniform(0.54, 0.7) * leg;
  person.style.step_time_s = random->Uniform(0.48, 0.6);
  person.style.pause_rate = 0.05;
  person.style.arm_swing_rad = random->Uniform(0.2, 0.45);
  person.style.elbow_rad = random->Uniform(0.2, 0.6);
  person.style.arm_out_rad = random->Uniform(0.1, 0.22);
  person.style.lean_rad = random->Uniform(0.03, 0.11);
  person.clothing = DrawClothing(random);
  if (!geometry.circuit.empty() && !others.empty()) {
    // Keeps pace with the person that it accompanies.
    person.style.step_length_m = 1.06 * others[0].style.step_length_m;
    person.style.step_time_s = others[0].style.step_time_s;
    person.style.pause_rate = 0;
  }
  std::optional<Walk> walk = PlanWalk(geometry, person.feet, person.style, timing, others, random);
  if (!walk) return std::nullopt;
  person.walk = std::move(*walk);
  if (!PoseWalk(body, timing, random, &person)) return std::nullopt;
  for (const Person& other : others) {
    for (int frame = 0; frame < timing.num_frames; ++frame) {
      const Vec3d away = other.pelvis_in_world[frame] - person.pelvis_in_world[frame];
      if (std::hypot(away[0], away[2]) < 0.7) return std::nullopt;
    }
  }
  return person;
}

}  // namespace foothold::synthetic
