// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/synthetic_camera.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "foothold/scene/synthetic_signal.h"

namespace foothold::synthetic {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kDraws = 60;
constexpr double kGap = 0.3;      // Of the camera from every solid, metres.
constexpr double kNearest = 2.0;  // Distance to people, metres.
constexpr double kFarthest = 10.0;
constexpr double kGoodScore = 0.93;
constexpr double kEnoughScore = 0.7;  // Mean share of body points in view; each person at least kEnoughEach.
constexpr double kEnoughEach = 0.5;
constexpr double kSpeedEnough = 0.35;  // Of a moving camera's largest displacement, metres per second,
constexpr double kFarEnough = 1.0;     // up to this many metres.

using Path = std::array<std::vector<double>, 3>;

Vec3d At(const Path& path, int frame) { return {path[0][frame], path[1][frame], path[2][frame]}; }

// Middle of the people at each frame, smoothed.
Path Middle(const std::vector<Person>& people, const Timing& timing, double sigma_s) {
  Path path;
  for (int a = 0; a < 3; ++a) {
    std::vector<double> mean(timing.num_frames, 0.0);
    for (const Person& person : people) {
      for (int frame = 0; frame < timing.num_frames; ++frame) {
        mean[frame] += person.pelvis_in_world[frame][a] / people.size();
      }
    }
    path[a] = Smooth(mean, sigma_s * timing.frame_rate_hz);
  }
  return path;
}

struct Draw {
  double azimuth, distance, height, sweep, rate, phase, bob_hz;
};

Draw DrawParameters(const std::string& kind, RandomStream* random) {
  Draw draw;
  draw.azimuth = random->Uniform(0, 2 * kPi);
  draw.distance = kind == "moving" ? random->Uniform(3.2, 6.0) : random->Uniform(4.0, 7.5);
  draw.height = kind == "static" ? random->Uniform(1.4, 2.4) : random->Uniform(1.35, 1.75);
  draw.sweep = random->Uniform(0.4, 1.1) * (random->Bernoulli(0.5) ? 1 : -1);
  // Walking speed along the arc at its fastest, 0.5 to 1.1 m/s.
  draw.rate = random->Uniform(0.5, 1.1) / (draw.distance * std::fabs(draw.sweep));
  draw.phase = random->Uniform(-0.7, 0.7);
  draw.bob_hz = random->Uniform(1.7, 2.1);
  return draw;
}

// Walks to and fro on an arc round the people. Heights come later.
Path CentersAround(const Draw& draw, const Path& target, const Timing& timing) {
  Path center;
  for (int frame = 0; frame < timing.num_frames; ++frame) {
    const double t = frame / timing.frame_rate_hz;
    const double angle = draw.azimuth + draw.sweep * std::sin(draw.rate * t + draw.phase);
    const Vec3d at = At(target, frame) + draw.distance * Forward(angle);
    for (int a = 0; a < 3; ++a) center[a].push_back(at[a]);
  }
  return center;
}

// A way by arc length in the ground plane.
class ArcPath {
 public:
  // Goes on straight for `before_m` ahead of its first point.
  ArcPath(const Path& path, double before_m) {
    const int count = static_cast<int>(path[0].size());
    int ahead = 0;
    while (ahead + 1 < count && Away(At(path, ahead), At(path, 0)) < 2) ++ahead;
    Vec3d along = At(path, ahead) - At(path, 0);
    along[1] = 0;
    Add(At(path, 0) - before_m * Normalized(along));
    for (int frame = 0; frame < count; ++frame) {
      Add(At(path, frame));
      at_frame_.push_back(length_.back());
    }
  }
  double LengthAt(int frame) const { return at_frame_[frame]; }
  Vec3d Place(double length) const {
    const size_t k = std::clamp<size_t>(
        std::upper_bound(length_.begin(), length_.end(), length) - length_.begin(), 1, length_.size() - 1);
    const double step = length_[k] - length_[k - 1];
    const double u = step > 0 ? (length - length_[k - 1]) / step : 0;
    return point_[k - 1] + u * (point_[k] - point_[k - 1]);
  }

 private:
  static double Away(const Vec3d& a, const Vec3d& b) { return std::hypot(a[0] - b[0], a[2] - b[2]); }
  void Add(const Vec3d& point) {
    length_.push_back(length_.empty() ? 0 : length_.back() + Away(point, point_.back()));
    point_.push_back(point);
  }
  std::vector<double> length_, at_frame_;
  std::vector<Vec3d> point_;
};

// Behind the people on the way that they went, now more on one side, now on the other.
Path CentersBehind(const Draw& draw,
                   const std::vector<Person>& people,
                   const Timing& timing,
                   RandomStream* random) {
  const Path way = Middle(people, timing, 1.2);
  const std::vector<double> lag = SmoothNoise(timing.num_frames, 2.0 * timing.frame_rate_hz, random);
  const std::vector<double> aside = SmoothNoise(timing.num_frames, 2.5 * timing.frame_rate_hz, random);
  const ArcPath arc(way, 3 * draw.distance);
  Path center;
  for (int frame = 0; frame < timing.num_frames; ++frame) {
    const double behind = std::max(2.6, 0.5 + 0.7 * draw.distance + 0.3 * lag[frame]);
    const double length = arc.LengthAt(frame) - behind;
    const Vec3d along = arc.Place(length + 0.5) - arc.Place(length - 0.5);
    const Vec3d left = Normalized(Cross(kUp, Vec3d{along[0], 0, along[2]}));
    const Vec3d at = arc.Place(length) + 0.4 * aside[frame] * left;
    for (int a = 0; a < 3; ++a) center[a].push_back(at[a]);
  }
  // Arc length turns the jerk of a pause or a corner into one of the camera.
  for (int a : {0, 2}) center[a] = Smooth(center[a], 0.3 * timing.frame_rate_hz);
  return center;
}

std::vector<Rigid3d> Follow(const Draw& draw,
                            const Geometry& geometry,
                            const std::vector<Person>& people,
                            const Timing& timing,
                            RandomStream* random) {
  const Path target = Middle(people, timing, 0.5);
  Path shake, aim;
  for (auto& part : shake) part = SmoothNoise(timing.num_frames, 0.12 * timing.frame_rate_hz, random);
  for (auto& part : aim) part = SmoothNoise(timing.num_frames, 0.5 * timing.frame_rate_hz, random);
  const std::vector<double> roll = SmoothNoise(timing.num_frames, 0.3 * timing.frame_rate_hz, random);
  Path center = geometry.circuit.empty() ? CentersAround(draw, target, timing)
                                         : CentersBehind(draw, people, timing, random);
  center[1].clear();
  for (int frame = 0; frame < timing.num_frames; ++frame) {
    center[1].push_back(geometry.SurfaceAt(center[0][frame], center[2][frame]).y - draw.height);
  }
  center[1] = Smooth(center[1], 0.35 * timing.frame_rate_hz);
  std::vector<Rigid3d> world_from_cam;
  for (int frame = 0; frame < timing.num_frames; ++frame) {
    const double bob = 0.015 * std::sin(2 * kPi * draw.bob_hz * frame / timing.frame_rate_hz);
    const Vec3d at = At(center, frame) + 0.008 * At(shake, frame) + bob * kUp;
    world_from_cam.push_back(LookAt(at, At(target, frame) + 0.12 * At(aim, frame), 0.012 * roll[frame]));
  }
  return world_from_cam;
}

// Static or rotating: one centre.
std::vector<Rigid3d> Stand(const Draw& draw,
                           bool rotating,
                           const Geometry& geometry,
                           const std::vector<Person>& people,
                           const Timing& timing,
                           RandomStream* random) {
  const Path target = Middle(people, timing, 0.4);
  const Vec3d middle = 0.5 * (At(target, 0) + At(target, timing.num_frames - 1));
  Vec3d at = middle + draw.distance * Forward(draw.azimuth);
  at[1] = geometry.SurfaceAt(at[0], at[2]).y - draw.height;
  const std::vector<double> roll = SmoothNoise(timing.num_frames, 0.3 * timing.frame_rate_hz, random);
  Path aim;
  for (auto& part : aim) part = SmoothNoise(timing.num_frames, 0.5 * timing.frame_rate_hz, random);
  const Vec3d side = Cross(kUp, Forward(draw.azimuth));
  std::vector<Rigid3d> world_from_cam;
  for (int frame = 0; frame < timing.num_frames; ++frame) {
    if (!rotating) {
      world_from_cam.push_back(LookAt(at, middle, 0));
      continue;
    }
    // Follows the people and pans beside it, so that it turns even when they stand.
    const double pan = 0.14 * draw.distance * std::sin(1.1 * frame / timing.frame_rate_hz + draw.phase);
    const Vec3d to = At(target, frame) + 0.1 * At(aim, frame) + pan * side;
    world_from_cam.push_back(LookAt(at, to, 0.01 * roll[frame]));
  }
  return world_from_cam;
}

// Share of body points seen at one frame, per person; negative when the camera is badly placed.
double ScoreFrame(const Geometry& geometry,
                  const Person& person,
                  const Sensor& sensor,
                  const Rigid3d& world_from_cam,
                  int frame) {
  const Rigid3d cam_from_world = Inverse(world_from_cam);
  const Vec3d pelvis = person.pelvis_in_world[frame];
  const double distance = Norm(pelvis - world_from_cam.translation);
  if (distance < kNearest || distance > kFarthest) return -1;
  int seen = 0;
  const double margin = 0.02 * sensor.width;
  const std::array<double, 4> heights = {0.68, 0.3, -0.35, -0.8};
  for (double height : heights) {
    const Vec3d point = pelvis + height * kUp;
    const Vec3d in_cam = cam_from_world * point;
    if (in_cam[2] < 0.5) continue;
    const Vec2d pixel = Project(sensor.pinhole, in_cam);
    const bool inside = pixel[0] > margin && pixel[1] > margin && pixel[0] < sensor.width - 1 - margin &&
                        pixel[1] < sensor.height - 1 - margin;
    if (inside && geometry.Sees(world_from_cam.translation, point)) ++seen;
  }
  return static_cast<double>(seen) / heights.size();
}

// Mean share of body points in view; negative when unacceptable.
double Score(const Geometry& geometry,
             const std::vector<Person>& people,
             const Sensor& sensor,
             const Timing& timing,
             const std::vector<Rigid3d>& world_from_cam) {
  for (int frame = 0; frame < timing.num_frames; ++frame) {
    if (geometry.Clearance(world_from_cam[frame].translation, false) < kGap) return -1;
  }
  const int step = std::max(1, static_cast<int>(timing.frame_rate_hz / 8));
  double total = 0;
  for (const Person& person : people) {
    double own = 0;
    int count = 0;
    for (int frame = 0; frame < timing.num_frames; frame += step) {
      const double score = ScoreFrame(geometry, person, sensor, world_from_cam[frame], frame);
      if (score < 0) return -1;
      own += score;
      ++count;
    }
    own /= count;
    if (own < kEnoughEach) return -1;
    total += own;
  }
  return total / people.size();
}

// A moving camera must bring parallax, also when walking round the people undoes following them.
bool MovesEnough(const std::vector<Rigid3d>& world_from_cam, const Timing& timing) {
  double farthest = 0;
  for (const Rigid3d& pose : world_from_cam) {
    farthest = std::max(farthest, Norm(pose.translation - world_from_cam[0].translation));
  }
  return farthest >= std::min(kFarEnough, kSpeedEnough * timing.duration_s());
}

}  // namespace

Rigid3d LookAt(const Vec3d& center_in_world, const Vec3d& target_in_world, double roll_rad) {
  const Vec3d forward = Normalized(target_in_world - center_in_world);
  const Vec3d right = Normalized(Cross(-kUp, forward));
  const Vec3d down = Cross(forward, right);
  Mat3d m;
  for (int r = 0; r < 3; ++r) {
    m(r, 0) = right[r];
    m(r, 1) = down[r];
    m(r, 2) = forward[r];
  }
  const Quatd roll = ExpQuaternion(Vec3d{0, 0, roll_rad});
  return {Normalized(QuaternionFromMatrix(m) * roll), center_in_world};
}

std::optional<std::vector<Rigid3d>> PlanCamera(const std::string& kind,
                                               const Geometry& geometry,
                                               const std::vector<Person>& people,
                                               const Sensor& sensor,
                                               const Timing& timing,
                                               RandomStream* random) {
  std::vector<Rigid3d> best;
  double best_score = kEnoughScore;
  for (int k = 0; k < kDraws; ++k) {
    const Draw draw = DrawParameters(kind, random);
    std::vector<Rigid3d> path = kind == "moving"
                                    ? Follow(draw, geometry, people, timing, random)
                                    : Stand(draw, kind == "rotating", geometry, people, timing, random);
    if (kind == "moving" && !MovesEnough(path, timing)) continue;
    const double score = Score(geometry, people, sensor, timing, path);
    if (score > best_score) {
      best_score = score;
      best = std::move(path);
    }
    if (best_score > kGoodScore) break;
  }
  if (best.empty()) return std::nullopt;
  return best;
}

}  // namespace foothold::synthetic
