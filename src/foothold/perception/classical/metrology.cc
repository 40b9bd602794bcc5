// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/metrology.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "foothold/base/error.h"
#include "foothold/perception/classical/statistics.h"

namespace foothold {
namespace {

constexpr int kMaxLooksPerPerson = 60;  // More say nothing new: a track's looks are alike.
constexpr double kLooksWorth = 8;       // Independent looks that a long track counts for.
constexpr double kFullTrack = 30;       // Looks of a long track.
constexpr double kBad = 10;             // Residual of a foot above the horizon.

// Unknowns of one look: log focal, pitch, roll, log height of the camera, log stature of the person.
using Unknowns = std::array<double, 5>;

struct WeightedLook {
  Look look;
  double weight;
};

Vec3d GroundPoint(const Look& look, double focal_px, const Vec3d& up_in_ref, double height_m, bool* ahead) {
  const Vec3d ray =
      Rotate(look.ref_from_cam, Vec3d{look.foot_px[0] / focal_px, look.foot_px[1] / focal_px, 1});
  const double rise = Dot(ray, up_in_ref);
  *ahead = rise < -1e-4;
  return (-height_m / std::min(rise, -1e-4)) * ray;
}

// Residual of one look's height in the image, in standard deviations. Where the head is sideways of the
// feet is left out: people's lean and the lens distort it, and it pulls the focal length far off.
double Residual(const Look& look, const Unknowns& q, const MetrologyOptions& options) {
  const double focal = std::exp(q[0]);
  const Vec3d up = UpFromPitchRoll(q[1], q[2]);
  bool ahead;
  const Vec3d foot = GroundPoint(look, focal, up, std::exp(q[3]), &ahead);
  if (!ahead) return kBad;
  const Vec3d head = Rotate(Conjugate(look.ref_from_cam), foot + (options.stature_m * std::exp(q[4])) * up);
  if (!(head[2] > 1e-3)) return kBad;
  const double height = look.foot_px[1] - look.head_px[1];
  const double predicted = look.foot_px[1] - focal * head[1] / head[2];
  return std::log(std::max(predicted, 1.0) / height) / options.height_noise;
}

// Pseudo-Huber: quadratic within a standard deviation, linear beyond.
double Loss(double r) { return std::sqrt(1 + r * r) - 1; }
double LossWeight(double r) { return 1 / std::sqrt(1 + r * r); }

class Fit {
 public:
  Fit(const std::vector<Look>& looks, int num_people, double focal_prior_px, const MetrologyOptions& options)
      : options_(options), num_people_(num_people), log_focal_prior_(std::log(focal_prior_px)) {
    std::vector<std::vector<const Look*>> by_person(num_people);
    for (const Look& look : looks) by_person[look.person].push_back(&look);
    for (const std::vector<const Look*>& of_person : by_person) {
      const int count = static_cast<int>(of_person.size());
      const int used = std::min(count, kMaxLooksPerPerson);
      for (int k = 0; k < used; ++k) {
        const double worth = kLooksWorth / std::max<double>(count, kFullTrack) * count / used;
        looks_.push_back({*of_person[static_cast<long>(k) * count / used], worth});
      }
    }
  }

  struct State {
    std::array<double, 4> shared;  // log focal, pitch, roll, log height.
    std::vector<double> statures;  // Log ratio to the mean stature.
    double cost = 0;
    Eigen::Matrix4d information = Eigen::Matrix4d::Zero();  // Of the shared unknowns.
  };

  // Levenberg-Marquardt; statures are eliminated. With `hold_focal` the focal length stays.
  State Minimize(State state, bool hold_focal) const {
    state.cost = Cost(state);
    double damping = 1e-3;
    for (int iteration = 0; iteration < 60; ++iteration) {
      const Normal normal = Linearize(state);
      bool accepted = false;
      double decrease = 0;
      for (int attempt = 0; attempt < 10 && !accepted; ++attempt) {
        State next = Step(state, normal, damping, hold_focal, &state.information);
        next.cost = Cost(next);
        if (next.cost < state.cost) {
          decrease = state.cost - next.cost;
          next.information = state.information;
          state = next;
          accepted = true;
        } else {
          damping *= 6;
        }
      }
      damping = std::max(damping / 4, 1e-9);
      if (!accepted || decrease < 1e-8 * state.cost) break;
    }
    return state;
  }

  State Start(double focal_px, double pitch_rad) const {
    State state;
    state.shared = {std::log(focal_px), pitch_rad, 0, std::log(pitch_rad > 0.15 ? 5.0 : 1.6)};
    state.statures.assign(num_people_, 0);
    return state;
  }

 private:
  struct Normal {
    Eigen::Matrix4d shared = Eigen::Matrix4d::Zero();
    Eigen::Vector4d gradient = Eigen::Vector4d::Zero();
    std::vector<Eigen::Vector4d> cross;
    std::vector<double> own, own_gradient;
  };

  Unknowns Of(const State& state, int person) const {
    return {state.shared[0], state.shared[1], state.shared[2], state.shared[3], state.statures[person]};
  }

  double Cost(const State& state) const {
    double cost = 0;
    for (const WeightedLook& look : looks_) {
      cost += look.weight * Loss(Residual(look.look, Of(state, look.look.person), options_));
    }
    const double focal = (state.shared[0] - log_focal_prior_) / options_.focal_log_spread;
    const double roll = state.shared[2] / RollSpread();
    cost += 0.5 * (focal * focal + roll * roll);
    for (double stature : state.statures) {
      cost += 0.5 * stature * stature / (options_.stature_spread * options_.stature_spread);
    }
    return cost;
  }

  Normal Linearize(const State& state) const {
    Normal normal;
    normal.cross.assign(num_people_, Eigen::Vector4d::Zero());
    normal.own.assign(num_people_, 0);
    normal.own_gradient.assign(num_people_, 0);
    for (const WeightedLook& look : looks_) {
      const int person = look.look.person;
      const Unknowns at = Of(state, person);
      const double r = Residual(look.look, at, options_);
      std::array<double, 5> slope;
      for (int k = 0; k < 5; ++k) {
        Unknowns plus = at, minus = at;
        plus[k] += 1e-5;
        minus[k] -= 1e-5;
        slope[k] = (Residual(look.look, plus, options_) - Residual(look.look, minus, options_)) / 2e-5;
      }
      const double weight = look.weight * LossWeight(r);
      const Eigen::Vector4d j(slope[0], slope[1], slope[2], slope[3]);
      normal.shared += weight * j * j.transpose();
      normal.gradient += weight * r * j;
      normal.cross[person] += weight * slope[4] * j;
      normal.own[person] += weight * slope[4] * slope[4];
      normal.own_gradient[person] += weight * slope[4] * r;
    }
    const double focal_weight = 1 / (options_.focal_log_spread * options_.focal_log_spread);
    normal.shared(0, 0) += focal_weight;
    normal.gradient[0] += focal_weight * (state.shared[0] - log_focal_prior_);
    normal.shared(2, 2) += 1 / (RollSpread() * RollSpread());
    normal.gradient[2] += state.shared[2] / (RollSpread() * RollSpread());
    const double stature_weight = 1 / (options_.stature_spread * options_.stature_spread);
    for (int p = 0; p < num_people_; ++p) {
      normal.own[p] += stature_weight;
      normal.own_gradient[p] += stature_weight * state.statures[p];
    }
    return normal;
  }

  State Step(const State& state,
             const Normal& normal,
             double damping,
             bool hold_focal,
             Eigen::Matrix4d* information) const {
    Eigen::Matrix4d reduced = normal.shared;
    Eigen::Vector4d right = normal.gradient;
    for (int p = 0; p < num_people_; ++p) {
      reduced -= normal.cross[p] * normal.cross[p].transpose() / normal.own[p];
      right -= normal.cross[p] * normal.own_gradient[p] / normal.own[p];
    }
    *information = reduced;
    reduced.diagonal() += damping * normal.shared.diagonal() + Eigen::Vector4d::Constant(1e-12);
    if (hold_focal) {
      reduced.row(0).setZero();
      reduced.col(0).setZero();
      reduced(0, 0) = 1;
      right[0] = 0;
    }
    Eigen::Vector4d step = -reduced.ldlt().solve(right);
    if (!step.allFinite()) step.setZero();
    State next = state;
    for (int k = 0; k < 4; ++k) next.shared[k] += step[k];
    for (int p = 0; p < num_people_; ++p) {
      next.statures[p] -= (normal.own_gradient[p] + normal.cross[p].dot(step)) / normal.own[p];
    }
    return next;
  }

  double RollSpread() const { return options_.roll_spread_deg * std::numbers::pi / 180; }

  const MetrologyOptions& options_;
  int num_people_;
  double log_focal_prior_;
  std::vector<WeightedLook> looks_;
};

// Regression of ln speed on the share of the motion along the view, over two-second pieces of all
// tracks: zero for the right focal length.
struct Isotropy {
  bool known = false;
  double slope = 0, sigma = 0;
};

Isotropy WalkingIsotropy(const std::vector<Look>& looks,
                         int num_people,
                         const std::vector<Vec3d>& foot_in_ref,
                         const Vec3d& up) {
  std::vector<double> share, log_speed;
  int tracks = 0;
  for (int person = 0; person < num_people; ++person) {
    std::vector<int> of_person;
    for (size_t i = 0; i < looks.size(); ++i) {
      if (looks[i].person == person) of_person.push_back(static_cast<int>(i));
    }
    bool used = false;
    for (size_t first = 0; first < of_person.size();) {
      const double start_s = looks[of_person[first]].time_s;
      Eigen::Matrix<double, 3, 2> sums = Eigen::Matrix<double, 3, 2>::Zero();
      double n = 0, t1 = 0, t2 = 0;
      size_t next = of_person.size(), end = first;
      for (; end < of_person.size() && looks[of_person[end]].time_s <= start_s + 2; ++end) {
        const double t = looks[of_person[end]].time_s - start_s;
        if (t >= 1 && next == of_person.size()) next = end;
        const Vec3d& x = foot_in_ref[of_person[end]];
        const Eigen::Vector3d position(x[0], x[1], x[2]);
        sums.col(0) += position;
        sums.col(1) += t * position;
        n += 1;
        t1 += t;
        t2 += t * t;
      }
      const double determinant = n * t2 - t1 * t1;
      const double span = looks[of_person[end - 1]].time_s - start_s;
      if (n >= 8 && span > 1.5 && determinant > 1e-9) {
        const Eigen::Vector3d velocity = (n * sums.col(1) - t1 * sums.col(0)) / determinant;
        const Eigen::Vector3d mean = sums.col(0) / n, normal(up[0], up[1], up[2]);
        const Eigen::Vector3d view = (mean - normal * normal.dot(mean)).normalized();
        const double speed = velocity.norm();
        if (speed > 0.4 && speed < 3.5) {
          const double along = velocity.dot(view) / speed;
          share.push_back(along * along);
          log_speed.push_back(std::log(speed));
          used = true;
        }
      }
      if (next <= first) break;
      first = next;
    }
    tracks += used ? 1 : 0;
  }
  Isotropy isotropy;
  const int count = static_cast<int>(share.size());
  if (count < 12 || tracks < 4) return isotropy;
  // Robust line by reweighting (absolute deviations).
  std::vector<double> weight(count, 1);
  double slope = 0, intercept = 0, sxx = 0, residual2 = 0;
  for (int iteration = 0; iteration < 12; ++iteration) {
    double w0 = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
    for (int i = 0; i < count; ++i) {
      w0 += weight[i];
      wx += weight[i] * share[i];
      wy += weight[i] * log_speed[i];
      wxx += weight[i] * share[i] * share[i];
      wxy += weight[i] * share[i] * log_speed[i];
    }
    const double determinant = w0 * wxx - wx * wx;
    if (!(determinant > 1e-6 * w0 * w0)) return isotropy;  // Everybody walks in one direction.
    slope = (w0 * wxy - wx * wy) / determinant;
    intercept = (wy - slope * wx) / w0;
    sxx = residual2 = 0;
    double mean = 0;
    for (int i = 0; i < count; ++i) mean += share[i] / count;
    for (int i = 0; i < count; ++i) {
      const double r = log_speed[i] - intercept - slope * share[i];
      residual2 += std::min(r * r, 0.25) / count;
      sxx += (share[i] - mean) * (share[i] - mean) / count;
      weight[i] = 1 / std::max(std::abs(r), 0.05);
    }
  }
  // Pieces of one track are not independent.
  const double independent = std::min<double>(count, 3.0 * tracks);
  isotropy.known = sxx > 0.02;
  isotropy.slope = slope;
  isotropy.sigma = std::sqrt(residual2 / std::max(sxx, 1e-6) / independent) + 0.02;
  return isotropy;
}

std::vector<Vec3d> Feet(const std::vector<Look>& looks, const Fit::State& state) {
  std::vector<Vec3d> feet;
  const Vec3d up = UpFromPitchRoll(state.shared[1], state.shared[2]);
  for (const Look& look : looks) {
    bool ahead;
    feet.push_back(GroundPoint(look, std::exp(state.shared[0]), up, std::exp(state.shared[3]), &ahead));
  }
  return feet;
}

Fit::State BestOfStarts(const Fit& fit, const std::vector<double>& focals_px, bool hold_focal) {
  Fit::State best;
  bool first = true;
  for (double focal : focals_px) {
    for (double pitch : {0.02, 0.12, 0.3, 0.6}) {
      Fit::State state = fit.Minimize(fit.Start(focal, pitch), hold_focal);
      if (first || state.cost < best.cost) best = state;
      first = false;
    }
  }
  return best;
}

// The focal length where the fit, its prior and the isotropy agree best: a scan with the focal length
// held at each step, refined by a parabola.
Fit::State ScanFocal(const Fit& fit,
                     const std::vector<Look>& looks,
                     int num_people,
                     const Fit::State& start,
                     MetrologyResult* result) {
  constexpr int kSteps = 8;
  constexpr double kStep = 0.12;  // Of ln f.
  std::vector<double> objective;
  std::vector<Fit::State> states;
  for (int k = -kSteps; k <= kSteps; ++k) {
    Fit::State state = start;
    state.shared[0] += kStep * k;
    state = fit.Minimize(state, true);
    const Isotropy isotropy = WalkingIsotropy(
        looks, num_people, Feet(looks, state), UpFromPitchRoll(state.shared[1], state.shared[2]));
    if (!isotropy.known && k == 0) return start;
    const double deviation = isotropy.known ? isotropy.slope / isotropy.sigma : 1e3;
    objective.push_back(state.cost + 0.5 * deviation * deviation);
    states.push_back(std::move(state));
  }
  const int best = static_cast<int>(std::min_element(objective.begin(), objective.end()) - objective.begin());
  double shift = 0, curvature = 0;
  if (best > 0 && best < 2 * kSteps) {
    curvature = objective[best - 1] - 2 * objective[best] + objective[best + 1];
    if (curvature > 1e-9) shift = 0.5 * (objective[best - 1] - objective[best + 1]) / curvature;
  }
  Fit::State state = states[best];
  state.shared[0] += kStep * std::clamp(shift, -0.5, 0.5);
  result->used_isotropy = true;
  if (curvature > 1e-9) result->focal_sigma = kStep / std::sqrt(curvature);
  return fit.Minimize(state, true);
}

}  // namespace

Vec3d UpFromPitchRoll(double pitch_rad, double roll_rad) {
  return {std::sin(roll_rad) * std::cos(pitch_rad),
          -std::cos(roll_rad) * std::cos(pitch_rad),
          -std::sin(pitch_rad)};
}

MetrologyResult FitGroundFromPeople(const std::vector<Look>& looks,
                                    int num_people,
                                    double long_edge_px,
                                    double fixed_focal_px,
                                    const MetrologyOptions& options) {
  if (static_cast<int>(looks.size()) < kMinLooks) {
    throw Error(
        ErrorKind::kBadInput,
        "few_points: only " + std::to_string(looks.size()) + " whole sights of people for the ground plane")
        .WithReason("few_points");
  }
  const bool hold_focal = fixed_focal_px > 0;
  const double prior = hold_focal ? fixed_focal_px : options.focal_over_long_edge * long_edge_px;
  const Fit fit(looks, num_people, prior, options);
  MetrologyResult result;
  Fit::State state = hold_focal ? BestOfStarts(fit, {fixed_focal_px}, true)
                                : BestOfStarts(fit, {0.7 * prior, prior, 1.5 * prior}, false);
  if (!hold_focal) {
    result.focal_sigma = std::sqrt(std::max(0.0, state.information.inverse()(0, 0)));
    state = ScanFocal(fit, looks, num_people, state, &result);
  }
  result.focal_px = std::exp(state.shared[0]);
  result.pitch_rad = state.shared[1];
  result.roll_rad = state.shared[2];
  result.up_in_ref = UpFromPitchRoll(result.pitch_rad, result.roll_rad);
  result.camera_height_m = std::exp(state.shared[3]);
  for (double stature : state.statures) result.statures_m.push_back(options.stature_m * std::exp(stature));
  result.cost = state.cost;
  result.foot_in_ref_m = Feet(looks, state);
  result.isotropy_slope = WalkingIsotropy(looks, num_people, result.foot_in_ref_m, result.up_in_ref).slope;
  return result;
}

const OptionTable& MetrologyOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<MetrologyOptions>(
          "classical_metrology", "Metric scene of a camera that does not translate (classical perception).")
          .Add("stature_m", &MetrologyOptions::stature_m, 0.5, 2.5, "Mean stature of people.")
          .Add(
              "stature_spread", &MetrologyOptions::stature_spread, 0.001, 0.5, "Relative spread of statures.")
          .Add("height_noise",
               &MetrologyOptions::height_noise,
               0.001,
               1,
               "Noise of the log height of one look.")
          .Add(
              "roll_spread_deg", &MetrologyOptions::roll_spread_deg, 0.01, 90, "Spread of the camera's roll.")
          .Add("focal_over_long_edge",
               &MetrologyOptions::focal_over_long_edge,
               0.2,
               10,
               "Prior focal length over the image's long edge.")
          .Add("focal_log_spread",
               &MetrologyOptions::focal_log_spread,
               0.001,
               2,
               "Spread of the log focal length.")
          .Add("plane_confidence",
               &MetrologyOptions::plane_confidence,
               0,
               1,
               "Confidence of the ground plane's depth.")
          .Build();
  return table;
}

}  // namespace foothold
