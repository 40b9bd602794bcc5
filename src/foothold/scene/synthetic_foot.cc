// SPDX-License-Identifier: Apache-2.0
// Motion of one foot between its footfalls.
#include <algorithm>
#include <cmath>

#include "foothold/scene/synthetic_people.h"

namespace foothold::synthetic {
namespace {

constexpr double kSupport = 1.6e-3;     // A vertex this close above a level floor bears the foot, metres.
constexpr double kSoleMargin = 8e-3;    // Around the sole for its outline, metres.
constexpr double kHeelOffTime = 0.18;   // Seconds before lifting in which the heel rises, toes planted.
constexpr double kHeelOffAngle = 0.48;  // Radians at a stride of a metre.

// Quintic from (p0, v0) to (p1, 0), no acceleration at the ends.
template <class T>
T Quintic(double s, const T& p0, const T& v0, const T& p1) {
  const double s3 = s * s * s, s4 = s3 * s, s5 = s4 * s;
  const double h1 = 10 * s3 - 15 * s4 + 6 * s5;
  const double h2 = s - 6 * s3 + 8 * s4 - 3 * s5;
  return (1 - h1) * p0 + h2 * v0 + h1 * p1;
}
double Ease(double s) { return Quintic(std::clamp(s, 0.0, 1.0), 0.0, 0.0, 1.0); }

// About the left axis: positive lowers the toes.
Mat3d Pitch(double angle) { return MatrixFromQuaternion(ExpQuaternion(Vec3d{angle, 0, 0})); }

double HeelOffAngle(const Footfall& from, const Footfall& to) {
  const double stride = Dot(Forward(from.heading_rad), to.ground - from.ground);
  return kHeelOffAngle * std::clamp(stride, 0.0, 1.0);
}

// Heel raised by `angle`, toes planted: the foot turns about the toe joint.
Vec3d RaisedAnkle(const FootModel& foot, const Footfall& fall, const Mat3d& axes, double angle) {
  const Vec3d planted = fall.ground + foot.ankle_height_m * fall.normal;
  return planted + axes * (foot.toe_joint_m - Pitch(angle) * foot.toe_joint_m);
}

FootPose Planted(const FootModel& foot, const Footfall& fall, double angle) {
  const Mat3d axes = StandingAxes(fall.normal, fall.yaw_rad);
  const Mat3d level = MatrixFromQuaternion(foot.level);
  FootPose pose;
  pose.ankle_in_world = RaisedAnkle(foot, fall, axes, angle);
  pose.foot_rotation = axes * Pitch(angle) * level;
  pose.toe_rotation = axes * level;
  pose.flat = angle == 0;
  pose.ground = fall.ground;
  pose.heading_rad = fall.heading_rad;
  return pose;
}

FootPose Swinging(const FootModel& foot, const Footfall& from, const Footfall& to, double time_s) {
  const double swing_s = to.land_s - from.lift_s;
  const double s = std::clamp((time_s - from.lift_s) / swing_s, 0.0, 1.0);
  const Mat3d from_axes = StandingAxes(from.normal, from.yaw_rad);
  const Mat3d to_axes = StandingAxes(to.normal, to.yaw_rad);
  const double off = HeelOffAngle(from, to);
  const double off_rate = 2 * off / kHeelOffTime * swing_s;  // Per unit of s; the rise is quadratic.
  const Vec3d start = RaisedAnkle(foot, from, from_axes, off);
  const double small = 1e-4;
  const Vec3d start_rate = (off_rate / small) * (start - RaisedAnkle(foot, from, from_axes, off - small));
  const Vec3d end = to.ground + foot.ankle_height_m * to.normal;
  const double arch = 16 * s * s * (1 - s) * (1 - s);
  const double late = std::clamp((s - 0.5) / 0.5, 0.0, 1.0);
  const double toes_up = 0.2 * std::min(1.0, off / 0.3) * 16 * late * late * (1 - late) * (1 - late);
  const double pitch = Quintic(s, off, off_rate, 0.0) - toes_up;
  const double bend = off * (1 - Ease(s / 0.5));
  const Mat3d level = MatrixFromQuaternion(foot.level);
  const Mat3d axes =
      MatrixFromQuaternion(Slerp(QuaternionFromMatrix(from_axes), QuaternionFromMatrix(to_axes), Ease(s)));
  FootPose pose;
  pose.ankle_in_world = Quintic(s, start, start_rate, end) + (to.arch_m * arch) * kUp;
  // Over an edge the foot first rises and then goes forward, or first goes forward and then sinks.
  const double rise = start[1] - end[1];
  const double own_s = rise > 0 ? std::min(1.0, s / 0.7) : std::max(0.0, (s - 0.3) / 0.7);
  pose.ankle_in_world[1] += (Ease(s) - Ease(own_s)) * rise * std::min(1.0, std::fabs(rise) / 0.1);
  pose.foot_rotation = axes * Pitch(pitch) * level;
  pose.toe_rotation = axes * Pitch(pitch - bend) * level;
  pose.ground = Quintic(s, from.ground, Vec3d{0, 0, 0}, to.ground);
  pose.heading_rad = Quintic(s, from.heading_rad, 0.0, to.heading_rad);
  pose.planted = 1 - std::sqrt(arch);
  return pose;
}

// Vertices that also follow the shin would move a little while the foot stands.
bool MovesWithFoot(const BodyModel& body, int vertex, int side) {
  double weight = 0;
  for (int k = 0; k < body.skin_width; ++k) {
    const size_t entry = static_cast<size_t>(body.skin_width) * vertex + k;
    const int joint = body.skin_joints[entry];
    const bool of_foot =
        joint == (side == 0 ? kLeftAnkle : kRightAnkle) || joint == (side == 0 ? kLeftFoot : kRightFoot);
    if (of_foot) weight += body.skin_weights[entry];
  }
  return weight > 0.9999;
}

}  // namespace

Mat3d StandingAxes(const Vec3d& normal, double yaw_rad) {
  const Vec3d flat = Forward(yaw_rad);
  const Vec3d left = Normalized(Cross(normal, flat));
  const Vec3d forward = Cross(left, normal);
  Mat3d axes;
  for (int r = 0; r < 3; ++r) {
    axes(r, 0) = left[r];
    axes(r, 1) = normal[r];
    axes(r, 2) = forward[r];
  }
  return axes;
}

Vec3d FootPose::SolePoint(const FootModel& foot, const Vec3d& outline_m) const {
  const Mat3d unlevel = Transposed(MatrixFromQuaternion(foot.level));
  const Vec3d toe_joint = ankle_in_world + foot_rotation * (unlevel * foot.toe_joint_m);
  if (outline_m[2] < foot.toe_joint_m[2]) return ankle_in_world + foot_rotation * (unlevel * outline_m);
  return toe_joint + toe_rotation * (unlevel * (outline_m - foot.toe_joint_m));
}

FootPose SampleFoot(const FootModel& foot, const std::vector<Footfall>& falls, double time_s) {
  size_t i = 0;
  while (i + 1 < falls.size() && falls[i + 1].land_s <= time_s) ++i;
  const Footfall& fall = falls[i];
  if (i + 1 == falls.size()) return Planted(foot, fall, 0);
  if (time_s >= fall.lift_s) return Swinging(foot, fall, falls[i + 1], time_s);
  const double rise = (time_s - (fall.lift_s - kHeelOffTime)) / kHeelOffTime;
  if (rise <= 0) return Planted(foot, fall, 0);
  return Planted(foot, fall, HeelOffAngle(fall, falls[i + 1]) * rise * rise);
}

FootModel MakeFootModel(const BodyModel& body, const BodyShape& shape, int side) {
  const PosedSkeleton skeleton = PoseSkeleton(body, shape, BodyPose());
  const Vec3d ankle = skeleton.joints_m[side == 0 ? kLeftAnkle : kRightAnkle];
  const Vec3d toe_joint = skeleton.joints_m[side == 0 ? kLeftFoot : kRightFoot] - ankle;
  const std::vector<int>& sole = body.sole_vertices[side];
  std::vector<Vec3d> points = PoseVertices(body, shape, BodyPose(), sole);
  for (Vec3d& point : points) point = point - ankle;
  FootModel foot;
  // Pitch until heel and ball rest on the same plane.
  double tilt = 0;
  const double middle = 0.6 * toe_joint[2];
  for (int i = 0; i < 5; ++i) {
    const Mat3d level = Pitch(tilt);
    Vec3d heel{0, 1e9, 0}, ball{0, 1e9, 0};
    for (const Vec3d& point : points) {
      const Vec3d at = level * point;
      Vec3d& low = point[2] < middle ? heel : ball;
      if (at[1] < low[1]) low = at;
    }
    tilt += (ball[1] - heel[1]) / (ball[2] - heel[2]);
  }
  const Mat3d level = Pitch(tilt);
  foot.level = QuaternionFromMatrix(level);
  foot.toe_joint_m = level * toe_joint;
  double low = 1e9;
  Vec3d smallest{1e9, 0, 1e9}, largest{-1e9, 0, -1e9};
  for (Vec3d& point : points) {
    point = level * point;
    low = std::min(low, point[1]);
    for (int a : {0, 2}) {
      smallest[a] = std::min(smallest[a], point[a]);
      largest[a] = std::max(largest[a], point[a]);
    }
  }
  foot.ankle_height_m = -low;
  for (size_t k = 0; k < sole.size(); ++k) {
    if (points[k][1] - low > kSupport || !MovesWithFoot(body, sole[k], side)) continue;
    foot.support_vertices.push_back(sole[k]);
    foot.is_forefoot.push_back(points[k][2] > middle);
  }
  for (int a : {0, 2}) {
    smallest[a] -= kSoleMargin;
    largest[a] += kSoleMargin;
  }
  for (double x : {smallest[0], 0.5 * (smallest[0] + largest[0]), largest[0]}) {
    for (double z = 0; z <= 1; z += 0.25) {
      foot.outline_m.push_back({x, low, smallest[2] + z * (largest[2] - smallest[2])});
    }
  }
  return foot;
}

}  // namespace foothold::synthetic
