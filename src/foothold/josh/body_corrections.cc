// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/body_corrections.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/josh/interpolation.h"

namespace foothold {
namespace {

constexpr double kMinDepth_m = 0.05;
constexpr double kMaxTurn_rad = 1.5;  // Larger corrections are no vectors to be averaged.

// Slope at key i as weights of keys i-1, i, i+1; missing neighbours have run ended.
struct Slope {
  double before = 0, here = 0, after = 0;
};
Slope ThreePointSlope(double gap_before, double gap_after) {
  const double sum = gap_before + gap_after;
  Slope slope;
  slope.before = -gap_after / (gap_before * sum);
  slope.after = gap_before / (gap_after * sum);
  slope.here = -slope.before - slope.after;
  return slope;
}

struct Correction {
  Vec3d pelvis;  // Shift of x / z and y / z, log ratio of z.
  bool projective;
  Vec3d shift_m;  // Used instead when a depth is not positive.
  std::array<Quatd, kNumJoints> turn;
};

Correction CorrectionOf(const CorrectionInput& input, const BodyPose& initial, const BodyPose& optimised) {
  Correction correction;
  const Vec3d from = initial.translation_m + input.initial_pelvis_m;
  const Vec3d to = optimised.translation_m + input.optimised_pelvis_m;
  correction.shift_m = to - from;
  correction.projective = from[2] > kMinDepth_m && to[2] > kMinDepth_m;
  correction.pelvis = Vec3d::Zero();
  if (correction.projective) {
    correction.pelvis = {
        to[0] / to[2] - from[0] / from[2], to[1] / to[2] - from[1] / from[2], std::log(to[2] / from[2])};
  }
  correction.turn[0] = optimised.root * Conjugate(initial.root);
  for (int k = 1; k < kNumJoints; ++k) {
    correction.turn[k] = optimised.joints[k - 1] * Conjugate(initial.joints[k - 1]);
  }
  return correction;
}

Quatd BlendTurns(const std::vector<Correction>& corrections,
                 const KeyWeights& weights,
                 const KeyBracket& bracket,
                 int joint) {
  Vec3d sum = Vec3d::Zero();
  for (int n = 0; n < 4; ++n) {
    const Vec3d turn = LogQuaternion(corrections[weights.key[n]].turn[joint]);
    if (SquaredNorm(turn) > kMaxTurn_rad * kMaxTurn_rad) {
      return Slerp(
          corrections[bracket.before].turn[joint], corrections[bracket.after].turn[joint], bracket.u);
    }
    sum = sum + weights.weight[n] * turn;
  }
  return ExpQuaternion(sum);
}

BodyPose Apply(const CorrectionInput& input,
               const std::vector<Correction>& corrections,
               int time,
               const BodyPose& initial) {
  const KeyBracket bracket = FindBracket(input.key_times, time);
  const KeyWeights weights = CubicWeights(input.key_times, time, input.max_gap);
  const Vec3d from = initial.translation_m + input.initial_pelvis_m;
  Vec3d pelvis = Vec3d::Zero(), shift = Vec3d::Zero();
  bool projective = from[2] > kMinDepth_m;
  for (int n = 0; n < 4; ++n) {
    const Correction& correction = corrections[weights.key[n]];
    projective = projective && correction.projective;
    pelvis = pelvis + weights.weight[n] * correction.pelvis;
    shift = shift + weights.weight[n] * correction.shift_m;
  }
  Vec3d to = from + shift;
  if (projective) {
    const double z = from[2] * std::exp(pelvis[2]);
    to = {z * (from[0] / from[2] + pelvis[0]), z * (from[1] / from[2] + pelvis[1]), z};
  }
  BodyPose body;
  body.translation_m = to - input.optimised_pelvis_m;
  body.root = Normalized(BlendTurns(corrections, weights, bracket, 0) * initial.root);
  for (int k = 1; k < kNumJoints; ++k) {
    body.joints[k - 1] = Normalized(BlendTurns(corrections, weights, bracket, k) * initial.joints[k - 1]);
  }
  return body;
}

}  // namespace

KeyWeights CubicWeights(const std::vector<int>& key_times, double time, double max_gap) {
  const KeyBracket bracket = FindBracket(key_times, time);
  const int i = static_cast<int>(bracket.before), j = static_cast<int>(bracket.after);
  KeyWeights out{{i, i, j, j}, {0, 1 - bracket.u, bracket.u, 0}};
  if (i == j) return out;
  const double gap = key_times[j] - key_times[i];
  const auto gap_in_run = [&](int a, int b) {
    if (a < 0 || b >= static_cast<int>(key_times.size())) return 0.0;
    const double between = key_times[b] - key_times[a];
    return between > max_gap ? 0.0 : between;
  };
  if (gap > max_gap) return out;
  const double before = gap_in_run(i - 1, i), after = gap_in_run(j, j + 1);
  if (before == 0 && after == 0) return out;
  if (before > 0) out.key[0] = i - 1;
  if (after > 0) out.key[3] = j + 1;

  // Slopes at i and j, as weights of the four keys.
  std::array<double, 4> slope_i{}, slope_j{};
  if (before > 0) {
    const Slope slope = ThreePointSlope(before, gap);
    slope_i = {slope.before, slope.here, slope.after, 0};
  }
  if (after > 0) {
    const Slope slope = ThreePointSlope(gap, after);
    slope_j = {0, slope.before, slope.here, slope.after};
  }
  // At the end of a run the parabola through its last three keys: the chord is the mean of the slopes.
  const std::array<double, 4> chord{0, -1 / gap, 1 / gap, 0};
  for (int n = 0; n < 4; ++n) {
    if (before == 0) slope_i[n] = 2 * chord[n] - slope_j[n];
    if (after == 0) slope_j[n] = 2 * chord[n] - slope_i[n];
  }
  const double u = bracket.u, v = 1 - u;
  const double value_j = u * u * (3 - 2 * u);
  for (int n = 0; n < 4; ++n) {
    const double value = n == 1 ? 1 - value_j : n == 2 ? value_j : 0;
    out.weight[n] = value + gap * (u * v * v * slope_i[n] - u * u * v * slope_j[n]);
  }
  return out;
}

std::vector<BodyPose> CorrectBodies(const CorrectionInput& input) {
  FOOTHOLD_CHECK(input.key_times.size() == input.optimised_at_keys.size() && !input.key_times.empty(),
                 "one optimised body per keyframe, and at least one");
  FOOTHOLD_CHECK(input.times.size() == input.initial.size(), "one initial body per frame");
  std::vector<Correction> corrections;
  for (size_t k = 0; k < input.key_times.size(); ++k) {
    const auto found = std::lower_bound(input.times.begin(), input.times.end(), input.key_times[k]);
    FOOTHOLD_CHECK(found != input.times.end() && *found == input.key_times[k],
                   "keyframe " + std::to_string(input.key_times[k]) + " has no initial body");
    corrections.push_back(
        CorrectionOf(input, input.initial[found - input.times.begin()], input.optimised_at_keys[k]));
  }
  std::vector<BodyPose> bodies;
  for (size_t i = 0; i < input.times.size(); ++i) {
    bodies.push_back(Apply(input, corrections, input.times[i], input.initial[i]));
  }
  return bodies;
}

}  // namespace foothold
