// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/steady_pose.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/geometry/rotation.h"
#include "foothold/josh/problem.h"

namespace foothold {
namespace {

constexpr double kShortest_s = 1;
constexpr double kWindow_s = 6;
constexpr double kSample_s = 0.1;          // Between samples of a window: a step's third harmonic passes.
constexpr double kUnexplained_rad = 0.01;  // White, per sample.
constexpr double kGaitLasts_s = 1.5;       // A gait keeps its phase this long.
constexpr double kHarmonics[] = {1, 0.5, 0.25};
// What the unknown parts may be; each combination is a model.
constexpr double kPeriods_s[] = {0.8, 0.95, 1.1, 1.25, 1.4};
constexpr double kGait_rad[] = {0.05, 0.2, 0.6};
constexpr double kSlowOverError[] = {0, 1, 2, 4, 10};
constexpr double kFreeConstant_rad[] = {0.5};
constexpr double kOddConstant_rad[] = {0.03, 0.1, 0.5};
constexpr int kRounds = 8;
constexpr double kPriorSignals = 10;  // The models' equal shares count like this many signals.
constexpr double kMaxTurn_rad = 1.2;  // From the reference; beyond, axes are no separate signals.

double SlowCorrelation(double dt, const SteadyPoseOptions& options) {
  const double u = dt / (2 * options.error_kernel_s);
  return std::exp(-u * u);
}

double GaitCorrelation(double dt, double period_s) {
  double sum = 0, total = 0;
  for (size_t h = 0; h < std::size(kHarmonics); ++h) {
    const double power = kHarmonics[h] * kHarmonics[h];
    sum += power * std::cos(2 * std::numbers::pi * static_cast<double>(h + 1) * dt / period_s);
    total += power;
  }
  const double u = dt / kGaitLasts_s;
  return sum / total * std::exp(-u * u / 2);
}

Eigen::MatrixXd CovarianceOf(const std::vector<double>& time_s, const auto& correlation) {
  const int n = static_cast<int>(time_s.size());
  Eigen::MatrixXd covariance(n, n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) covariance(i, j) = correlation(time_s[i] - time_s[j]);
  }
  return covariance;
}

// The models of signals over one window of samples, factored once for all signals.
class WindowModels {
 public:
  WindowModels(const std::vector<double>& time_s,
               std::span<const double> constants_rad,
               const SteadyPoseOptions& options) {
    const double error = options.error_rad * options.error_rad;
    const Eigen::MatrixXd slow =
        CovarianceOf(time_s, [&](double dt) { return error * SlowCorrelation(dt, options); });
    std::vector<Eigen::MatrixXd> gaits;
    for (const double period_s : kPeriods_s) {
      gaits.push_back(CovarianceOf(time_s, [&](double dt) { return GaitCorrelation(dt, period_s); }));
    }
    for (const double constant : constants_rad) {
      for (const double ratio : kSlowOverError) {
        Eigen::MatrixXd base = (1 + ratio * ratio) * slow;
        base.array() += constant * constant;
        base.diagonal().array() += kUnexplained_rad * kUnexplained_rad;
        Add(base, 1);
        for (const double amplitude : kGait_rad) {
          for (const Eigen::MatrixXd& gait : gaits) {
            Add(base + amplitude * amplitude * gait, 1.0 / static_cast<double>(gaits.size()));
          }
        }
      }
    }
  }

  // Per signal (column) the mean over the models of K^-1 values, each weighed by its evidence. How often
  // a model holds is learnt from all signals together (expectation maximisation), since one alone has
  // few independent samples.
  Eigen::MatrixXd Explain(const Eigen::MatrixXd& values) const {
    const int num_models = static_cast<int>(models_.size());
    std::vector<Eigen::MatrixXd> solved;
    Eigen::ArrayXXd log_evidence(num_models, values.cols());
    Eigen::ArrayXd prior(num_models);
    for (int m = 0; m < num_models; ++m) {
      solved.push_back(models_[m].factor.solve(values));
      log_evidence.row(m) =
          models_[m].minus_half_log_determinant - values.cwiseProduct(solved[m]).colwise().sum().array() / 2;
      prior[m] = models_[m].prior;
    }
    prior /= prior.sum();
    const Eigen::ArrayXXd evidence = (log_evidence.rowwise() - log_evidence.colwise().maxCoeff()).exp();
    Eigen::ArrayXd share = prior;
    Eigen::ArrayXXd weight;
    for (int round = 0; round < kRounds; ++round) {
      weight = evidence.colwise() * share;
      weight = weight.rowwise() / weight.colwise().sum();
      share = (kPriorSignals * prior + weight.rowwise().sum()) / (kPriorSignals + double(values.cols()));
    }
    Eigen::MatrixXd mean = Eigen::MatrixXd::Zero(values.rows(), values.cols());
    for (int m = 0; m < num_models; ++m) {
      mean.array() += solved[m].array().rowwise() * weight.row(m);
    }
    return mean;
  }

 private:
  struct Model {
    Eigen::LLT<Eigen::MatrixXd> factor;
    double prior, minus_half_log_determinant;
  };
  void Add(const Eigen::MatrixXd& covariance, double prior) {
    Model model{Eigen::LLT<Eigen::MatrixXd>(covariance), prior, 0};
    model.minus_half_log_determinant = -model.factor.matrixLLT().diagonal().array().log().sum();
    models_.push_back(std::move(model));
  }

  std::vector<Model> models_;
};

// Frames of a track that are explained together; neighbours overlap by half.
struct Window {
  double start_s = 0;
  bool is_first = false, is_last = false;
  std::vector<int> frames, samples;

  // Of the window's explanation at a time inside it.
  double Weight(double time_s) const {
    const double u = (time_s - start_s) / kWindow_s;
    if ((u < 0.5 && is_first) || (u >= 0.5 && is_last)) return 1;
    return 1e-3 + 1 - std::abs(2 * u - 1);
  }
};

std::vector<Window> CutWindows(const std::vector<double>& time_s) {
  std::vector<Window> windows;
  double start_s = time_s.front();
  while (true) {
    Window window;
    window.start_s = start_s;
    window.is_first = windows.empty();
    window.is_last = start_s + kWindow_s >= time_s.back();
    for (int i = 0; i < static_cast<int>(time_s.size()); ++i) {
      if (time_s[i] < start_s || time_s[i] > start_s + kWindow_s) continue;
      window.frames.push_back(i);
      const bool due = window.samples.empty() || time_s[i] - time_s[window.samples.back()] > kSample_s - 1e-3;
      if (due) window.samples.push_back(i);
    }
    windows.push_back(window);
    if (window.is_last) return windows;
    // Long gaps are skipped.
    start_s += kWindow_s / 2;
    start_s = std::max(start_s, *std::lower_bound(time_s.begin(), time_s.end(), start_s));
  }
}

// Expected slow error of each signal (column) at each time (row).
Eigen::MatrixXd SlowErrors(const std::vector<double>& time_s,
                           const Eigen::MatrixXd& values,
                           std::span<const double> constants_rad,
                           const SteadyPoseOptions& options) {
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(values.rows(), values.cols());
  Eigen::VectorXd total = Eigen::VectorXd::Constant(values.rows(), 1e-300);
  for (const Window& window : CutWindows(time_s)) {
    std::vector<double> sample_s;
    for (const int i : window.samples) sample_s.push_back(time_s[i]);
    const WindowModels models(sample_s, constants_rad, options);
    const Eigen::MatrixXd explained = models.Explain(values(window.samples, Eigen::all));
    for (const int frame : window.frames) {
      const double weight = window.Weight(time_s[frame]);
      total[frame] += weight;
      for (size_t i = 0; i < sample_s.size(); ++i) {
        sum.row(frame) += weight * options.error_rad * options.error_rad *
                          SlowCorrelation(time_s[frame] - sample_s[i], options) * explained.row(i);
      }
    }
  }
  return sum.array().colwise() / total.array();
}

// Mirrored left to right.
Quatd Mirrored(const Quatd& q) { return {q.w, q.x, -q.y, -q.z}; }

// Mean by repeated means in the tangent space.
Quatd MeanRotation(const std::vector<Quatd>& rotations) {
  Quatd mean = rotations[rotations.size() / 2];
  for (int round = 0; round < 4; ++round) {
    Vec3d sum = Vec3d::Zero();
    for (const Quatd& q : rotations) sum = sum + LogQuaternion(Conjugate(mean) * q);
    mean = Normalized(mean * ExpQuaternion((1.0 / static_cast<double>(rotations.size())) * sum));
  }
  return mean;
}

using Rotations = std::vector<Quatd>;  // Of one joint, one per frame.

// Signals by how they behave when the body is mirrored. A posture that lasts is nearly symmetric, so
// the constants of odd signals are likely small.
class PostureSignals {
 public:
  explicit PostureSignals(int num_frames) : num_frames_(num_frames) {}

  // A joint of the body's middle: turning about x is even, about y and z odd.
  void AddMiddle(Rotations* joint) {
    Rotations both = *joint;
    for (const Quatd& q : *joint) both.push_back(Mirrored(q));
    Add(MeanRotation(both), joint, nullptr);
  }
  // The left joint and its mirror image: their sum is even, their difference odd.
  void AddPair(Rotations* left, Rotations* right) {
    Rotations both = *left;
    for (const Quatd& q : *right) both.push_back(Mirrored(q));
    Add(MeanRotation(both), left, right);
  }

  void Steady(const std::vector<double>& time_s, const SteadyPoseOptions& options) {
    if (entries_.empty()) return;
    Subtract(time_s, kFreeConstant_rad, options, &even_);
    Subtract(time_s, kOddConstant_rad, options, &odd_);
    for (const Entry& entry : entries_) {
      for (int i = 0; i < num_frames_; ++i) {
        Vec3d left, right;
        for (int a = 0; a < 3; ++a) {
          const double even = entry.even[a] < 0 ? 0 : even_[entry.even[a]][i];
          const double odd = entry.odd[a] < 0 ? 0 : odd_[entry.odd[a]][i];
          left[a] = entry.right == nullptr ? even + odd : std::sqrt(0.5) * (even + odd);
          right[a] = std::sqrt(0.5) * (even - odd);
        }
        (*entry.left)[i] = Normalized(entry.reference * ExpQuaternion(left));
        if (entry.right == nullptr) continue;
        (*entry.right)[i] = Normalized(Mirrored(entry.reference * ExpQuaternion(right)));
      }
    }
  }

 private:
  using Signals = std::vector<std::vector<double>>;
  struct Entry {
    Quatd reference;
    Rotations* left;               // Or the middle.
    Rotations* right;              // Or null.
    std::array<int, 3> even, odd;  // Per axis, into the signals; -1 for none.
  };

  void Add(const Quatd& reference, Rotations* left, Rotations* right) {
    std::array<std::vector<double>, 3> even, odd;
    for (int i = 0; i < num_frames_; ++i) {
      const Vec3d l = LogQuaternion(Conjugate(reference) * (*left)[i]);
      const Vec3d r = right == nullptr ? l : LogQuaternion(Conjugate(reference) * Mirrored((*right)[i]));
      if (std::max(SquaredNorm(l), SquaredNorm(r)) > kMaxTurn_rad * kMaxTurn_rad) return;
      for (int a = 0; a < 3; ++a) {
        // Scaled so that errors keep their size.
        even[a].push_back(right == nullptr ? l[a] : std::sqrt(0.5) * (l[a] + r[a]));
        odd[a].push_back(right == nullptr ? l[a] : std::sqrt(0.5) * (l[a] - r[a]));
      }
    }
    Entry entry{reference, left, right, {-1, -1, -1}, {-1, -1, -1}};
    for (int a = 0; a < 3; ++a) {
      if (right != nullptr || a == 0) entry.even[a] = Push(std::move(even[a]), &even_);
      if (right != nullptr || a != 0) entry.odd[a] = Push(std::move(odd[a]), &odd_);
    }
    entries_.push_back(entry);
  }

  static int Push(std::vector<double> signal, Signals* signals) {
    signals->push_back(std::move(signal));
    return static_cast<int>(signals->size()) - 1;
  }

  static void Subtract(const std::vector<double>& time_s,
                       std::span<const double> constants_rad,
                       const SteadyPoseOptions& options,
                       Signals* signals) {
    Eigen::MatrixXd values(time_s.size(), signals->size());
    for (size_t c = 0; c < signals->size(); ++c) {
      values.col(c) = Eigen::Map<const Eigen::VectorXd>((*signals)[c].data(), values.rows());
    }
    values -= SlowErrors(time_s, values, constants_rad, options);
    for (size_t c = 0; c < signals->size(); ++c) {
      Eigen::Map<Eigen::VectorXd>((*signals)[c].data(), values.rows()) = values.col(c);
    }
  }

  int num_frames_;
  std::vector<Entry> entries_;
  Signals even_, odd_;
};

constexpr int kMiddle[] = {3, 6, 9, 12, 15};
constexpr int kPairs[][2] = {
    {1, 2}, {4, 5}, {7, 8}, {10, 11}, {13, 14}, {16, 17}, {18, 19}, {20, 21}, {22, 23}};

// Rotation that turns forward to the body's heading about up; false for a body without one.
bool HeadingOf(const Quatd& root_in_world, const Vec3d& up, Quatd* heading) {
  const Vec3d forward = Rotate(root_in_world, Vec3d{0, 0, 1});
  Vec3d z = forward - Dot(forward, up) * up;
  if (!(Norm(z) > 0.1)) return false;  // Lying or bent over.
  z = Normalized(z);
  const Vec3d x = Cross(up, z);
  *heading = QuaternionFromMatrix(Mat3d{x[0], up[0], z[0], x[1], up[1], z[1], x[2], up[2], z[2]});
  return true;
}

// Headings in their turning order, as angles from the first, about the body's y axis.
std::vector<double> Unwrapped(const Rotations& headings) {
  std::vector<double> angles{0};
  for (size_t i = 1; i < headings.size(); ++i) {
    angles.push_back(angles.back() + LogQuaternion(Conjugate(headings[i - 1]) * headings[i])[1]);
  }
  return angles;
}

void SteadyHeadings(const std::vector<double>& time_s,
                    const SteadyPoseOptions& options,
                    Rotations* headings) {
  std::vector<double> angles = Unwrapped(*headings);
  const Eigen::VectorXd values = Eigen::Map<const Eigen::VectorXd>(angles.data(), angles.size());
  const Eigen::MatrixXd centred = values.array() - values.mean();
  const Eigen::MatrixXd error = SlowErrors(time_s, centred, kFreeConstant_rad, options);
  for (size_t i = 0; i < angles.size(); ++i) {
    (*headings)[i] = Normalized((*headings)[i] * ExpQuaternion(Vec3d{0, -error(i, 0), 0}));
  }
}

}  // namespace

std::vector<double> SlowError(const std::vector<double>& time_s,
                              const std::vector<double>& values,
                              const SteadyPoseOptions& options) {
  FOOTHOLD_CHECK(time_s.size() == values.size(), "one value per time");
  if (values.empty()) return {};
  const Eigen::MatrixXd column = Eigen::Map<const Eigen::VectorXd>(values.data(), values.size());
  const Eigen::MatrixXd error = SlowErrors(time_s, column, kFreeConstant_rad, options);
  return {error.data(), error.data() + error.size()};
}

std::vector<BodyPose> SteadyBodies(const std::vector<double>& time_s,
                                   const std::vector<BodyPose>& bodies_in_cam,
                                   const std::vector<Quatd>& world_from_cam,
                                   const Vec3d& up_in_world,
                                   const SteadyPoseOptions& options) {
  const size_t count = bodies_in_cam.size();
  FOOTHOLD_CHECK(time_s.size() == count && world_from_cam.size() == count, "one time and camera per body");
  std::vector<BodyPose> bodies = bodies_in_cam;
  if (bodies.empty()) return bodies;
  std::array<Rotations, kNumJoints> turns;  // Of the root, the lean that its heading leaves.
  Rotations headings(count);
  bool has_heading = true;
  for (size_t i = 0; i < count; ++i) {
    const Quatd root_in_world = world_from_cam[i] * bodies[i].root;
    has_heading = has_heading && HeadingOf(root_in_world, up_in_world, &headings[i]);
    turns[0].push_back(Conjugate(headings[i]) * root_in_world);
    for (int k = 1; k < kNumJoints; ++k) turns[k].push_back(bodies[i].joints[k - 1]);
  }
  PostureSignals signals(static_cast<int>(count));
  if (has_heading) signals.AddMiddle(&turns[0]);
  for (const int k : kMiddle) signals.AddMiddle(&turns[k]);
  for (const auto& [left, right] : kPairs) signals.AddPair(&turns[left], &turns[right]);
  signals.Steady(time_s, options);
  if (has_heading) SteadyHeadings(time_s, options, &headings);
  for (size_t i = 0; i < count; ++i) {
    if (has_heading) bodies[i].root = Normalized(Conjugate(world_from_cam[i]) * headings[i] * turns[0][i]);
    for (int k = 1; k < kNumJoints; ++k) bodies[i].joints[k - 1] = turns[k][i];
  }
  return bodies;
}

std::vector<std::vector<BodyPose>> SteadyPeople(const Observations& observations, int threads) {
  std::vector<std::vector<BodyPose>> bodies = SeenBodies(observations);
  std::vector<std::vector<Quatd>> cameras(bodies.size());
  std::vector<std::vector<double>> times_s(bodies.size());
  Vec3d up = Vec3d::Zero();
  for (size_t p = 0; p < bodies.size(); ++p) {
    for (size_t i = 0; i < bodies[p].size(); ++i) {
      const int frame = observations.people[p].frames[i].frame;
      cameras[p].push_back(observations.camera.world_from_cam[frame].rotation);
      times_s[p].push_back(observations.clip.time_s[frame]);
      up = up + Rotate(cameras[p][i] * bodies[p][i].root, Vec3d{0, 1, 0});
    }
  }
  if (observations.ground.known) up = observations.ground.up_in_world;
  if (!(Norm(up) > 1e-6)) return bodies;
  up = Normalized(up);
  ParallelFor(static_cast<int>(bodies.size()), threads, [&](int p) {
    if (bodies[p].empty() || times_s[p].back() - times_s[p].front() < kShortest_s) return;
    bodies[p] = SteadyBodies(times_s[p], bodies[p], cameras[p], up, SteadyPoseOptions());
  });
  return bodies;
}

}  // namespace foothold
