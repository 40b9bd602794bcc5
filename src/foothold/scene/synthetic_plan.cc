// SPDX-License-Identifier: Apache-2.0
// Footfalls on the scene's surface.
#include <algorithm>
#include <cmath>

#include "foothold/scene/synthetic_people.h"

namespace foothold::synthetic {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kBefore = 1.0;        // Seconds planned before the first frame and after the last.
constexpr double kObstacleGap = 0.42;  // Of the walker's middle from walls and boxes, metres.
constexpr double kPersonGap = 0.9;     // Between two walkers, metres.
constexpr double kMaxRise = 0.2;       // From one footfall to the next, metres.
constexpr double kSwingShare = 0.78;   // Of a step's time; the rest both feet stand.
constexpr double kHalfStance = 0.085;  // Of the ankles from the walker's line, metres.
constexpr double kToeOut = 0.1;        // Radians.
constexpr double kLowArch = 0.1;       // A swing this low is natural, metres.
constexpr double kHighArch = 0.3;
constexpr double kReached = 0.5;  // Of a goal, metres.
constexpr double kPassed = 1.5;   // Of a point of a circuit, metres.
constexpr double kBeside = 1.0;   // Of a companion beside the person it follows, metres.
constexpr double kLook_s = 0.9;   // Ahead on the way of the person that a companion follows.
constexpr int kMaxStuck = 3;
constexpr int kMaxTurns = 8;         // On the spot without a step forward, on a circuit.
constexpr double kSwingDip = 0.004;  // Of the sole below the surface that a swing may show, metres.

double WrapAngle(double angle) { return std::remainder(angle, 2 * kPi); }

class Planner {
 public:
  Planner(const Geometry& geometry,
          const std::array<FootModel, 2>& feet,
          const WalkStyle& style,
          const Timing& timing,
          const std::vector<Person>& others,
          RandomStream* random)
      : geometry_(geometry), feet_(feet), style_(style), timing_(timing), others_(others), random_(random) {}

  std::optional<Walk> Plan() {
    if (!Start()) return std::nullopt;
    const double end = timing_.duration_s() + kBefore;
    int stuck = 0, turns = 0;
    while (time_ < end) {
      if (random_->Bernoulli(style_.pause_rate)) time_ += random_->Uniform(0.4, 1.2);
      if (OnCircuit() && !others_.empty()) {
        Accompany();
      } else if (ReachedGoal()) {
        NextGoal();
      }
      if (WaitsForOthers()) {
        time_ += 0.2;
      } else if (StepTowardsGoal()) {
        turns = 0;
        if (OnCircuit()) stuck = 0;  // A long way has many places to wait at.
      } else if (TurnInPlace()) {
        if (OnCircuit() && ++turns > kMaxTurns) return std::nullopt;
      } else {
        if (++stuck > kMaxStuck) return std::nullopt;
        goals_.clear();
        time_ += style_.step_time_s;
      }
    }
    return walk_;
  }

 private:
  bool Free(const Vec3d& at, double time_s) const {
    const SurfacePoint surface = geometry_.SurfaceAt(at[0], at[2]);
    for (double height : {0.25, 0.9, 1.6}) {
      if (geometry_.Clearance({at[0], surface.y - height, at[2]}, true) < kObstacleGap) return false;
    }
    // No edge higher than a step within the body's width.
    for (int k = 0; k < 8; ++k) {
      const double angle = k * kPi / 4;
      const double y = geometry_.SurfaceAt(at[0] + 0.28 * std::cos(angle), at[2] + 0.28 * std::sin(angle)).y;
      if (std::fabs(y - surface.y) > kMaxRise) return false;
    }
    return !NearOthers(at, time_s);
  }

  bool NearOthers(const Vec3d& at, double time_s) const {
    for (const Person& other : others_) {
      for (double ahead = -0.4; ahead < 1.0; ahead += 0.1) {
        const double last = static_cast<double>(other.pelvis_in_world.size()) - 1;
        const int frame = static_cast<int>(std::clamp((time_s + ahead) * timing_.frame_rate_hz, 0.0, last));
        const Vec3d away = other.pelvis_in_world[frame] - at;
        if (std::hypot(away[0], away[2]) < kPersonGap) return true;
      }
    }
    return false;
  }

  // Straight way without obstacles (people may move out of it).
  bool WayIsFree(const Vec3d& from, const Vec3d& to) const {
    const double length = std::hypot(to[0] - from[0], to[2] - from[2]);
    const int count = std::max(2, static_cast<int>(length / 0.12));
    double previous_y = geometry_.SurfaceAt(from[0], from[2]).y;
    for (int i = 1; i <= count; ++i) {
      const Vec3d at = from + (static_cast<double>(i) / count) * (to - from);
      const SurfacePoint surface = geometry_.SurfaceAt(at[0], at[2]);
      if (std::fabs(surface.y - previous_y) > kMaxRise) return false;
      previous_y = surface.y;
      if (geometry_.Clearance({at[0], surface.y - 0.25, at[2]}, true) < kObstacleGap) return false;
    }
    return true;
  }

  Vec3d RandomPlace() const {
    const Vec3d& half = geometry_.area_half;
    return geometry_.area_center +
           Vec3d{random_->Uniform(-half[0], half[0]), 0, random_->Uniform(-half[2], half[2])};
  }

  bool OnCircuit() const { return !geometry_.circuit.empty(); }

  Vec3d OnGround(Vec3d at) const {
    at[1] = geometry_.SurfaceAt(at[0], at[2]).y;
    return at;
  }

  Vec3d LeaderAt(double time_s) const {
    const std::vector<Vec3d>& path = others_[0].pelvis_in_world;
    const double last = static_cast<double>(path.size()) - 1;
    return OnGround(path[static_cast<size_t>(std::clamp(time_s * timing_.frame_rate_hz, 0.0, last))]);
  }

  // Walks with the first person: beside it, on the other side where a wall is in the way, or else behind.
  void Accompany() {
    const Vec3d ahead = LeaderAt(time_ + kLook_s), behind = LeaderAt(time_ - kLook_s);
    if (std::hypot(ahead[0] - behind[0], ahead[2] - behind[2]) > 0.2) {
      const Vec3d along{ahead[0] - behind[0], 0, ahead[2] - behind[2]};
      beside_ = (others_.size() % 2 == 1 ? kBeside : -kBeside) * Normalized(Cross(kUp, along));
    }
    goals_ = {OnGround(behind)};
    for (const double side : {-1.0, 1.0}) {
      const Vec3d goal = OnGround(ahead + side * beside_);
      if (Free(goal, 1e9) && WayIsFree(ahead, goal)) goals_ = {goal};
    }
  }

  bool WaitsForOthers() const {
    return OnCircuit() && !others_.empty() &&
           std::hypot(goals_[0][0] - place_[0], goals_[0][2] - place_[2]) < 0.35;
  }

  bool StartOnCircuit() {
    place_ = geometry_.circuit[0];
    goals_ = {geometry_.circuit[1]};
    next_ = 1;
    heading_ = std::atan2(goals_[0][0] - place_[0], goals_[0][2] - place_[2]);
    if (!others_.empty()) {
      const Vec3d left = Cross(kUp, Forward(heading_));
      place_ = LeaderAt(0) - random_->Uniform(0.8, 1.2) * Forward(heading_) +
               (others_.size() % 2 == 1 ? 1.0 : -1.0) * kBeside * left;
      beside_ = kBeside * left;
    }
    return Free(place_, time_) && PlantBoth();
  }

  bool Start() {
    time_ = -kBefore - random_->Uniform(0, 0.6);
    if (OnCircuit()) return StartOnCircuit();
    const bool cross = !geometry_.crossings.empty() && random_->Bernoulli(0.65);
    for (int attempt = 0; attempt < 60; ++attempt) {
      if (cross) {
        const Crossing& crossing = geometry_.crossings[0];
        const bool up = random_->Bernoulli(0.6);
        const Vec3d entry = up ? crossing.entry : crossing.exit;
        const Vec3d exit = up ? crossing.exit : crossing.entry;
        const Vec3d side = Normalized(Cross(kUp, exit - entry));
        const double shift = random_->Uniform(-0.45, 0.45);
        place_ = entry + random_->Uniform(-0.9, 0.6) * Normalized(entry - exit) + shift * side;
        goals_ = {exit + shift * side};
      } else {
        place_ = RandomPlace();
        goals_.clear();
      }
      if (!Free(place_, time_)) continue;
      if (goals_.empty()) NextGoal();
      if (goals_.empty() || !WayIsFree(place_, goals_[0])) continue;
      heading_ = std::atan2(goals_[0][0] - place_[0], goals_[0][2] - place_[2]);
      if (PlantBoth()) return true;
    }
    return false;
  }

  bool PlantBoth() {
    for (int side = 0; side < 2; ++side) {
      const std::optional<Footfall> fall = FallAt(place_, heading_, side);
      if (!fall) return false;
      walk_.falls[side] = {*fall};
      walk_.falls[side][0].land_s = -1e9;
      walk_.falls[side][0].lift_s = 1e9;
    }
    side_ = random_->UniformInt(0, 1);
    return std::fabs(walk_.falls[0][0].ground[1] - walk_.falls[1][0].ground[1]) < kMaxRise;
  }

  bool ReachedGoal() const {
    const double near = OnCircuit() ? kPassed : kReached;
    return goals_.empty() || std::hypot(goals_[0][0] - place_[0], goals_[0][2] - place_[2]) < near;
  }

  void NextGoal() {
    if (OnCircuit()) {
      next_ = (next_ + 1) % geometry_.circuit.size();
      goals_ = {geometry_.circuit[next_]};
      return;
    }
    goals_.clear();
    for (int attempt = 0; attempt < 40; ++attempt) {
      const Vec3d goal = RandomPlace();
      const double far = std::hypot(goal[0] - place_[0], goal[2] - place_[2]);
      if (far < 1.5 || !WayIsFree(place_, goal) || !Free(goal, 1e9)) continue;
      goals_ = {goal};
      return;
    }
  }

  bool StepTowardsGoal() {
    if (goals_.empty()) return false;
    const double wanted = std::atan2(goals_[0][0] - place_[0], goals_[0][2] - place_[2]);
    const double turn = std::clamp(WrapAngle(wanted - heading_), -0.3, 0.3);
    for (double extra : {0.0, 0.2, -0.2, 0.4, -0.4}) {
      const double heading = heading_ + std::clamp(turn + extra, -0.35, 0.35);
      for (double share : {1.0, 0.85, 1.12, 0.7, 0.5}) {
        if (TryStep(heading, share * style_.step_length_m)) return true;
      }
    }
    return false;
  }

  bool TurnInPlace() {
    const double wanted =
        goals_.empty() ? heading_ + 0.5 : std::atan2(goals_[0][0] - place_[0], goals_[0][2] - place_[2]);
    const double turn = std::clamp(WrapAngle(wanted - heading_), -0.4, 0.4);
    return TryStep(heading_ + turn, 0) || TryStep(heading_ - turn, 0) || TryStep(heading_, 0);
  }

  bool TryStep(double heading, double length) {
    const Vec3d forward = Forward(heading);
    const Vec3d next = place_ + length * forward;
    if (length > 0 && (!Free(next, time_ + style_.step_time_s) || !Free(0.5 * (place_ + next), time_)))
      return false;
    std::optional<Footfall> best;
    double best_shift = 0;
    for (double shift : {0.0, 0.04, -0.04, 0.08, -0.08, 0.12, -0.12, 0.16, -0.16, 0.2}) {
      std::optional<Footfall> fall = FallAt(next + shift * forward, heading, side_);
      if (!fall || !StepIsEasy(*fall)) continue;
      fall->land_s = time_ + kSwingShare * style_.step_time_s;
      fall->lift_s = 1e9;
      if (!FitArch(walk_.falls[side_].back(), &*fall)) continue;
      if (best && fall->arch_m >= best->arch_m) continue;
      best = fall;
      best_shift = shift;
      if (best->arch_m < kLowArch) break;
    }
    if (!best) return false;
    walk_.falls[side_].back().lift_s = time_;
    walk_.falls[side_].push_back(*best);
    place_ = next + best_shift * forward;
    heading_ = heading;
    side_ = 1 - side_;
    time_ += style_.step_time_s;
    return true;
  }

  // The new foot must be within reach of the standing one and not cross over it.
  bool StepIsEasy(const Footfall& fall) const {
    const Footfall& standing = walk_.falls[1 - side_].back();
    const Footfall& before = walk_.falls[side_].back();
    const Vec3d stride = fall.ground - standing.ground;
    if (std::fabs(stride[1]) > kMaxRise || std::fabs(fall.ground[1] - before.ground[1]) > 2 * kMaxRise)
      return false;
    if (std::hypot(stride[0], stride[2]) > 1.25 * style_.step_length_m + 0.05) return false;
    const Vec3d left = Cross(kUp, Forward(fall.heading_rad));
    const double apart = (side_ == 0 ? 1 : -1) * Dot(left, stride);
    return apart > 0.09 && apart < 0.34;
  }

  // The foot flat near the walker's place, the whole sole on one face and off the obstacles.
  std::optional<Footfall> FallAt(const Vec3d& place, double heading, int side) const {
    const double sign = side == 0 ? 1 : -1;
    Footfall fall;
    fall.heading_rad = heading;
    fall.yaw_rad = heading - sign * kToeOut;  // Growing yaw turns to the right.
    const Vec3d left = Cross(kUp, Forward(heading));
    for (double out : {0.0, 0.025, -0.02}) {
      const Vec3d at = place + sign * (kHalfStance + out) * left;
      const SurfacePoint surface = geometry_.SurfaceAt(at[0], at[2]);
      fall.ground = {at[0], surface.y, at[2]};
      fall.normal = surface.normal;
      if (SoleFits(fall, side)) return fall;
    }
    return std::nullopt;
  }

  bool SoleFits(const Footfall& fall, int side) const {
    const Mat3d axes = StandingAxes(fall.normal, fall.yaw_rad);
    const double offset = Dot(fall.normal, fall.ground);
    for (const Vec3d& point : feet_[side].outline_m) {
      const Vec3d at = fall.ground + axes * Vec3d{point[0], 0, point[2]};
      const SurfacePoint surface = geometry_.SurfaceAt(at[0], at[2]);
      const double height = Dot(fall.normal, Vec3d{at[0], surface.y, at[2]}) - offset;
      if (std::fabs(height) > 2e-4 || Norm(surface.normal - fall.normal) > 1e-6) return false;
      if (geometry_.Clearance(at + 0.05 * kUp, true) < 0.04) return false;
    }
    return true;
  }

  // Raises the swing until the sole clears the surface.
  bool FitArch(const Footfall& from, Footfall* to) const {
    for (to->arch_m = 0.035; to->arch_m < kHighArch; to->arch_m += 0.015) {
      if (SwingClears(from, *to)) return true;
    }
    return false;
  }
  bool SwingClears(const Footfall& from, const Footfall& to) const {
    Footfall lifted = from;
    lifted.lift_s = time_;
    const std::vector<Footfall> falls = {lifted, to};
    const FootModel& foot = feet_[side_];
    constexpr int kSamples = 30;
    for (int i = 1; i < kSamples; ++i) {
      const double t = time_ + (to.land_s - time_) * i / kSamples;
      const FootPose pose = SampleFoot(foot, falls, t);
      for (const Vec3d& point : foot.outline_m) {
        const Vec3d at = pose.SolePoint(foot, point);
        if (at[1] > geometry_.SurfaceAt(at[0], at[2]).y + kSwingDip) return false;
        if (geometry_.Clearance(at + 0.05 * kUp, true) < 0.0) return false;
      }
    }
    return true;
  }

  const Geometry& geometry_;
  const std::array<FootModel, 2>& feet_;
  const WalkStyle& style_;
  const Timing& timing_;
  const std::vector<Person>& others_;
  RandomStream* random_;
  Walk walk_;
  Vec3d place_{0, 0, 0};
  double heading_ = 0;
  double time_ = 0;
  int side_ = 0;
  std::vector<Vec3d> goals_;
  size_t next_ = 0;        // Point of the circuit that is the goal.
  Vec3d beside_{0, 0, 0};  // From the person that this one accompanies.
};

}  // namespace

std::optional<Walk> PlanWalk(const Geometry& geometry,
                             const std::array<FootModel, 2>& feet,
                             const WalkStyle& style,
                             const Timing& timing,
                             const std::vector<Person>& others,
                             RandomStream* random) {
  return Planner(geometry, feet, style, timing, others, random).Plan();
}

}  // namespace foothold::synthetic
