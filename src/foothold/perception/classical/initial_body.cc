// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/initial_body.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "foothold/base/error.h"
#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

constexpr double kStatureToleranceM = 1e-4;

// Turns the straight rest arm so that it hangs `angle` below the horizontal.
Quatd HangingArm(const Vec3d& shoulder, const Vec3d& wrist, double side, double angle_rad) {
  const Vec3d arm = wrist - shoulder;
  const double rest = std::atan2(arm[1], side * arm[0]);  // Below the horizontal: negative.
  return ExpQuaternion(Vec3d{0, 0, side * (-angle_rad - rest)});
}

struct Extent {
  int lowest = 0, highest = 0;
  double low = 0, high = 0;
};

Extent VerticalExtent(const std::vector<Vec3d>& vertices) {
  Extent extent{0, 0, vertices[0][1], vertices[0][1]};
  for (size_t v = 1; v < vertices.size(); ++v) {
    if (vertices[v][1] < extent.low)
      extent = {static_cast<int>(v), extent.highest, vertices[v][1], extent.high};
    if (vertices[v][1] > extent.high)
      extent = {extent.lowest, static_cast<int>(v), extent.low, vertices[v][1]};
  }
  return extent;
}

// Value and slope of a weighted line fit at time t, over the samples in the window.
struct LocalLine {
  double value = 0, slope = 0;
  bool valid = false;
};

LocalLine FitLine(const std::vector<double>& time_s,
                  const std::vector<double>& values,
                  double t,
                  double half_window_s) {
  std::vector<double> weight(values.size(), 0);
  for (size_t i = 0; i < values.size(); ++i) weight[i] = std::abs(time_s[i] - t) <= half_window_s ? 1 : 0;
  LocalLine line;
  for (int iteration = 0; iteration < 3; ++iteration) {
    double w0 = 0, w1 = 0, w2 = 0, y0 = 0, y1 = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const double dt = time_s[i] - t;
      w0 += weight[i];
      w1 += weight[i] * dt;
      w2 += weight[i] * dt * dt;
      y0 += weight[i] * values[i];
      y1 += weight[i] * dt * values[i];
    }
    if (!(w0 > 0)) return line;
    const double determinant = w0 * w2 - w1 * w1;
    line.valid = determinant > 1e-9 * w0 * w0;
    line.slope = line.valid ? (w0 * y1 - w1 * y0) / determinant : 0;
    line.value = (y0 - line.slope * w1) / w0;
    std::vector<double> errors;
    for (size_t i = 0; i < values.size(); ++i) {
      if (weight[i] > 0) errors.push_back(std::abs(values[i] - line.value - line.slope * (time_s[i] - t)));
    }
    const double scale = 2 * 1.4826 * Median(errors) + 1e-9;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!(weight[i] > 0)) continue;
      const double error = std::abs(values[i] - line.value - line.slope * (time_s[i] - t));
      weight[i] = std::min(1.0, scale / std::max(error, 1e-12));
    }
  }
  return line;
}

// Horizontal velocity at each entry by local lines on the three coordinates.
std::vector<Vec3d> Velocities(const std::vector<double>& time_s,
                              const std::vector<Vec3d>& position,
                              const Vec3d& up,
                              double half_window_s) {
  std::vector<Vec3d> velocity(position.size(), Vec3d{0, 0, 0});
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<double> values;
    for (const Vec3d& p : position) values.push_back(p[axis]);
    for (size_t i = 0; i < position.size(); ++i) {
      // A window that leaves the track is shifted inside: a line over half a stride says little.
      const double t =
          std::clamp(time_s[i],
                     std::min(time_s.front() + half_window_s, 0.5 * (time_s.front() + time_s.back())),
                     std::max(time_s.back() - half_window_s, 0.5 * (time_s.front() + time_s.back())));
      velocity[i][axis] = FitLine(time_s, values, t, half_window_s).slope;
    }
  }
  for (Vec3d& v : velocity) v = v - Dot(v, up) * up;
  return velocity;
}

}  // namespace

UprightBody MakeUprightBody(const BodyModel& model, double stature_m, const BodyOptions& options) {
  UprightBody body;
  const double angle = options.arm_angle_deg * std::numbers::pi / 180;
  const auto& joints = model.joint_template_m;
  body.pose.joints[kLeftShoulder - 1] = HangingArm(joints[kLeftShoulder], joints[kLeftWrist], 1, angle);
  body.pose.joints[kRightShoulder - 1] = HangingArm(joints[kRightShoulder], joints[kRightWrist], -1, angle);
  std::vector<Vec3d> vertices;
  Extent extent;
  for (int iteration = 0; iteration < 12; ++iteration) {
    vertices = PoseAllVertices(model, body.shape, body.pose);
    extent = VerticalExtent(vertices);
    const double missing = stature_m - (extent.high - extent.low);
    if (std::abs(missing) < kStatureToleranceM) break;
    // Stature is close to linear in the shape: a Gauss-Newton step of least norm.
    BodyJacobian high, low;
    const PosedSkeleton skeleton = PoseSkeleton(model, body.shape, body.pose);
    VertexWithJacobian(model, skeleton, body.shape, body.pose, extent.highest, &high);
    VertexWithJacobian(model, skeleton, body.shape, body.pose, extent.lowest, &low);
    BodyShape gradient{};
    double squared = 0;
    for (int s = 0; s < kNumShape; ++s) {
      gradient[s] = high(1, kBodyShape + s) - low(1, kBodyShape + s);
      squared += gradient[s] * gradient[s];
    }
    if (!(squared > 1e-12)) break;  // A model without shape directions keeps its stature.
    for (int s = 0; s < kNumShape; ++s) body.shape[s] += missing / squared * gradient[s];
  }
  body.stature_m = extent.high - extent.low;
  body.rest_pelvis_m = RestPelvis(model, body.shape);
  const PosedSkeleton skeleton = PoseSkeleton(model, body.shape, body.pose);
  const Vec3d ankles = 0.5 * (skeleton.joints_m[kLeftAnkle] + skeleton.joints_m[kRightAnkle]);
  const Vec3d toes = 0.5 * (skeleton.joints_m[kLeftFoot] + skeleton.joints_m[kRightFoot]);
  body.ground_point_m = {0.5 * (ankles[0] + toes[0]), extent.low, 0.5 * (ankles[2] + toes[2])};
  for (int side = 0; side < 2; ++side) {
    const std::vector<int>& sole = model.sole_vertices[side];
    FOOTHOLD_CHECK(!sole.empty(), "the body model has no sole vertices");
    body.lowest_vertex[side] = *std::min_element(
        sole.begin(), sole.end(), [&](int a, int b) { return vertices[a][1] < vertices[b][1]; });
  }
  return body;
}

BodyPose StandAt(const UprightBody& body,
                 const Vec3d& foot_in_cam,
                 const Vec3d& up_in_cam,
                 const Vec3d& forward_in_cam) {
  const Vec3d forward = Normalized(forward_in_cam - Dot(forward_in_cam, up_in_cam) * up_in_cam);
  const Vec3d left = Cross(up_in_cam, forward);
  Mat3d rotation;
  for (int r = 0; r < 3; ++r) {
    rotation(r, 0) = left[r];
    rotation(r, 1) = up_in_cam[r];
    rotation(r, 2) = forward[r];
  }
  BodyPose pose = body.pose;
  pose.root = QuaternionFromMatrix(rotation);
  // x -> R (x - J0) + J0 + t takes the ground point to the foot.
  pose.translation_m =
      foot_in_cam - body.rest_pelvis_m - Rotate(pose.root, body.ground_point_m - body.rest_pelvis_m);
  return pose;
}

double DepthFromHeight(const Vec3d& foot_ray,
                       const Vec3d& head_ray,
                       const Vec3d& up_in_cam,
                       double stature_m) {
  // The head z foot_ray + H up projects to the row of head_ray.
  const double rows = foot_ray[1] - head_ray[1];
  if (!(rows > 1e-9)) return 0;
  const double depth = stature_m * (head_ray[1] * up_in_cam[2] - up_in_cam[1]) / rows;
  return depth > 0 && std::isfinite(depth) ? depth : 0;
}

std::vector<double> SmoothOverTime(const std::vector<double>& time_s,
                                   const std::vector<double>& values,
                                   double half_window_s) {
  std::vector<double> smooth(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    smooth[i] = FitLine(time_s, values, time_s[i], half_window_s).value;
  return smooth;
}

std::vector<Vec3d> HeadingsFromMotion(const std::vector<double>& time_s,
                                      const std::vector<Vec3d>& foot_in_world_m,
                                      const Vec3d& up_in_world,
                                      const Vec3d& default_heading,
                                      const BodyOptions& options) {
  const std::vector<Vec3d> velocity =
      Velocities(time_s, foot_in_world_m, up_in_world, options.heading_window_s);
  std::vector<Vec3d> heading(velocity.size());
  const auto fast = [&](const Vec3d& v) { return Norm(v) >= options.heading_min_speed_m_s; };
  const auto first = std::find_if(velocity.begin(), velocity.end(), fast);
  const Vec3d flat = default_heading - Dot(default_heading, up_in_world) * up_in_world;
  Vec3d last = first == velocity.end() ? Normalized(flat) : Normalized(*first);
  for (size_t i = 0; i < velocity.size(); ++i) {
    if (fast(velocity[i])) last = Normalized(velocity[i]);
    heading[i] = last;
  }
  return heading;
}

double MedianSpeed(const std::vector<double>& time_s,
                   const std::vector<Vec3d>& foot_in_world_m,
                   const Vec3d& up_in_world,
                   double half_window_s) {
  if (time_s.empty() || time_s.back() - time_s.front() < 1.5 * half_window_s) return std::nan("");
  std::vector<double> speeds;
  for (const Vec3d& v : Velocities(time_s, foot_in_world_m, up_in_world, half_window_s))
    speeds.push_back(Norm(v));
  return Median(speeds);
}

std::vector<Contact> SoleContacts(const UprightBody& body,
                                  const std::vector<PersonFrame>& frames,
                                  const std::vector<int>& keyframes) {
  std::vector<Contact> contacts;
  std::array<int, 2> vertices = body.lowest_vertex;
  std::sort(vertices.begin(), vertices.end());
  for (size_t k = 0; k < keyframes.size(); ++k) {
    const auto found =
        std::lower_bound(frames.begin(), frames.end(), keyframes[k], [](const PersonFrame& f, int frame) {
          return f.frame < frame;
        });
    if (found == frames.end() || found->frame != keyframes[k]) continue;
    for (int vertex : vertices) contacts.push_back({static_cast<int>(k), vertex, found->confidence, false});
  }
  return contacts;
}

const OptionTable& BodyOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<BodyOptions>("classical_initial_body", "Initial bodies (classical perception).")
          .Add("arm_angle_deg",
               &BodyOptions::arm_angle_deg,
               0,
               90,
               "Angle of the hanging arms below the horizontal.")
          .Add("smooth_s", &BodyOptions::smooth_s, 0, 10, "Half window of the smoothing of a person's depth.")
          .Add("heading_window_s",
               &BodyOptions::heading_window_s,
               0.05,
               10,
               "Half window of the velocity that gives a person's heading.")
          .Add("heading_min_speed_m_s",
               &BodyOptions::heading_min_speed_m_s,
               0,
               10,
               "Speed below which a person keeps the last heading.")
          .Build();
  return table;
}

}  // namespace foothold
