// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/bundle.h"

#include <Eigen/Dense>
#include <cmath>

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr double kMinDepth = 1e-3;
constexpr double kBehindCostPx = 50;  // Error charged for a point behind its camera.
constexpr int kMaxTries = 8;          // Dampings tried per iteration.
// Weak Gaussian prior: lenses with |k1| beyond a few tenths are not this model's business.
constexpr double kK1Sigma = 0.3;

using Vector6 = Eigen::Matrix<double, 6, 1>;
using Matrix63 = Eigen::Matrix<double, 6, 3>;
using Matrix23 = Eigen::Matrix<double, 2, 3>;

double HuberLoss(double error, double delta) {
  return error < delta ? 0.5 * error * error : delta * (error - 0.5 * delta);
}
double HuberWeight(double error, double delta) { return error < delta ? 1 : delta / error; }

template <int R, int C>
Eigen::Matrix<double, R, C> ToEigen(const Mat<double, R, C>& m) {
  Eigen::Matrix<double, R, C> out;
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < C; ++c) out(r, c) = m(r, c);
  }
  return out;
}
Eigen::Vector2d ToEigen(const Vec2d& v) { return {v[0], v[1]}; }

double ErrorOf(const LensModel& lens, const Rigid3d& cam_from_world, const Vec3d& point, const Vec2d& pixel) {
  const Vec3d x = cam_from_world * point;
  if (!(x[2] > kMinDepth)) return kBehindCostPx;
  const double error = Norm(ProjectWithLens(lens, x) - pixel);
  return std::isfinite(error) ? error : kBehindCostPx;
}

// exp of the left perturbation (rotation, translation).
Rigid3d Perturbed(const Rigid3d& pose, const Vector6& d) {
  return {Normalized(ExpQuaternion(Vec3d{d[0], d[1], d[2]}) * pose.rotation),
          pose.translation + Vec3d{d[3], d[4], d[5]}};
}

// Normal equations with the points still in them. Shared unknowns: log focal, k1.
class NormalEquations {
 public:
  NormalEquations(const BundleProblem& problem, const BundleOptions& options)
      : problem_(problem),
        options_(options),
        num_cameras_(static_cast<int>(problem.cam_from_world.size())),
        num_points_(static_cast<int>(problem.points_in_world.size())) {
    first_.assign(num_points_ + 1, 0);
    for (const BundleObservation& o : problem.observations) ++first_[o.point + 1];
    for (int p = 0; p < num_points_; ++p) first_[p + 1] += first_[p];
  }

  void Linearize() {
    const int n = 6 * num_cameras_ + 2;
    camera_hessian_ = Eigen::MatrixXd::Zero(n, n);
    camera_gradient_ = Eigen::VectorXd::Zero(n);
    point_hessian_.assign(num_points_, Eigen::Matrix3d::Zero());
    point_gradient_.assign(num_points_, Eigen::Vector3d::Zero());
    cross_.resize(problem_.observations.size());
    shared_cross_.assign(num_points_, Matrix23::Zero());
    for (size_t i = 0; i < problem_.observations.size(); ++i) AddObservation(i);
    if (options_.optimize_k1) {
      const int k1 = n - 1;
      camera_hessian_(k1, k1) += 1 / (kK1Sigma * kK1Sigma);
      camera_gradient_(k1) += problem_.lens.k1 / (kK1Sigma * kK1Sigma);
    }
  }

  // Step of cameras and shared unknowns (6N + 2) and of the points; false when the system is singular.
  bool Solve(double damping, Eigen::VectorXd* camera_step, std::vector<Eigen::Vector3d>* point_step) const {
    const int n = 6 * num_cameras_ + 2;
    Eigen::MatrixXd reduced = camera_hessian_;
    reduced.diagonal() += damping * camera_hessian_.diagonal() + Eigen::VectorXd::Constant(n, 1e-9);
    Eigen::VectorXd right = camera_gradient_;
    std::vector<Eigen::Matrix3d> inverse(num_points_);
    for (int p = 0; p < num_points_; ++p) {
      Eigen::Matrix3d damped = point_hessian_[p];
      damped.diagonal() += damping * point_hessian_[p].diagonal() + Eigen::Vector3d::Constant(1e-9);
      inverse[p] = damped.inverse();
      Eliminate(p, inverse[p], &reduced, &right);
    }
    const std::vector<int> free = FreeUnknowns();
    const int m = static_cast<int>(free.size());
    Eigen::MatrixXd free_matrix(m, m);
    Eigen::VectorXd free_right(m);
    for (int r = 0; r < m; ++r) {
      free_right[r] = right[free[r]];
      for (int c = 0; c <= r; ++c) free_matrix(r, c) = reduced(free[r], free[c]);
    }
    const Eigen::LLT<Eigen::MatrixXd, Eigen::Lower> cholesky(free_matrix);
    if (cholesky.info() != Eigen::Success) return false;
    const Eigen::VectorXd free_step = -cholesky.solve(free_right);
    if (!free_step.allFinite()) return false;
    camera_step->setZero(n);
    for (int r = 0; r < m; ++r) (*camera_step)[free[r]] = free_step[r];
    point_step->resize(num_points_);
    for (int p = 0; p < num_points_; ++p) {
      Eigen::Vector3d sum = point_gradient_[p] + shared_cross_[p].transpose() * camera_step->tail<2>();
      for (int i = first_[p]; i < first_[p + 1]; ++i) {
        sum += cross_[i].transpose() * camera_step->segment<6>(6 * problem_.observations[i].camera);
      }
      (*point_step)[p] = -(inverse[p] * sum);
      if (!(*point_step)[p].allFinite()) return false;
    }
    return true;
  }

 private:
  void AddObservation(size_t i) {
    const BundleObservation& o = problem_.observations[i];
    cross_[i].setZero();
    const Rigid3d& pose = problem_.cam_from_world[o.camera];
    const Vec3d& point = problem_.points_in_world[o.point];
    if (!((pose * point)[2] > kMinDepth)) return;
    ProjectionJacobian jacobian;
    const Vec2d residual = ProjectWithJacobian(problem_.lens, pose, point, &jacobian) - o.pixel;
    const double weight = HuberWeight(Norm(residual), options_.huber_px);
    const Eigen::Vector2d r = ToEigen(residual);
    const Eigen::Matrix<double, 2, 6> jc = ToEigen(jacobian.pose);
    const Eigen::Matrix<double, 2, 3> jp = ToEigen(jacobian.point);
    Eigen::Matrix2d js;
    js << jacobian.log_focal[0], jacobian.k1[0], jacobian.log_focal[1], jacobian.k1[1];
    const int c = 6 * o.camera, s = 6 * num_cameras_;
    camera_hessian_.block<6, 6>(c, c) += weight * (jc.transpose() * jc);
    camera_hessian_.block<2, 6>(s, c) += weight * (js.transpose() * jc);
    camera_hessian_.block<2, 2>(s, s) += weight * (js.transpose() * js);
    camera_gradient_.segment<6>(c) += weight * (jc.transpose() * r);
    camera_gradient_.segment<2>(s) += weight * (js.transpose() * r);
    point_hessian_[o.point] += weight * (jp.transpose() * jp);
    point_gradient_[o.point] += weight * (jp.transpose() * r);
    shared_cross_[o.point] += weight * (js.transpose() * jp);
    cross_[i] = weight * (jc.transpose() * jp);
  }

  // Subtracts point p's share; lower triangle only.
  void Eliminate(int p,
                 const Eigen::Matrix3d& inverse,
                 Eigen::MatrixXd* reduced,
                 Eigen::VectorXd* right) const {
    const int s = 6 * num_cameras_;
    const Eigen::Vector3d solved_gradient = inverse * point_gradient_[p];
    const Matrix23 shared = shared_cross_[p] * inverse;
    reduced->block<2, 2>(s, s) -= shared * shared_cross_[p].transpose();
    right->segment<2>(s) -= shared_cross_[p] * solved_gradient;
    for (int i = first_[p]; i < first_[p + 1]; ++i) {
      const int ci = 6 * problem_.observations[i].camera;
      const Matrix63 left = cross_[i] * inverse;
      right->segment<6>(ci) -= cross_[i] * solved_gradient;
      reduced->block<2, 6>(s, ci) -= shared * cross_[i].transpose();
      for (int j = first_[p]; j < first_[p + 1]; ++j) {
        const int cj = 6 * problem_.observations[j].camera;
        if (cj <= ci) reduced->block<6, 6>(ci, cj) -= left * cross_[j].transpose();
      }
    }
  }

  std::vector<int> FreeUnknowns() const {
    std::vector<int> free;
    for (int c = 1; c < num_cameras_; ++c) {
      for (int k = 0; k < (options_.fix_translations ? 3 : 6); ++k) free.push_back(6 * c + k);
    }
    if (options_.optimize_focal) free.push_back(6 * num_cameras_);
    if (options_.optimize_k1) free.push_back(6 * num_cameras_ + 1);
    return free;
  }

  const BundleProblem& problem_;
  const BundleOptions& options_;
  int num_cameras_, num_points_;
  std::vector<int> first_;          // Observations of point p are first_[p] .. first_[p + 1] - 1.
  Eigen::MatrixXd camera_hessian_;  // Upper blocks of the last two columns stay empty.
  Eigen::VectorXd camera_gradient_;
  std::vector<Eigen::Matrix3d> point_hessian_;
  std::vector<Eigen::Vector3d> point_gradient_;
  std::vector<Matrix63> cross_;         // Camera against point, per observation.
  std::vector<Matrix23> shared_cross_;  // (log focal, k1) against point, per point.
};

double CostOf(const BundleProblem& problem, const BundleOptions& options, std::vector<double>* errors_px) {
  double cost = 0;
  if (errors_px != nullptr) errors_px->clear();
  for (const BundleObservation& o : problem.observations) {
    const double error =
        ErrorOf(problem.lens, problem.cam_from_world[o.camera], problem.points_in_world[o.point], o.pixel);
    cost += HuberLoss(error, options.huber_px);
    if (errors_px != nullptr) errors_px->push_back(error);
  }
  if (options.optimize_k1) cost += 0.5 * problem.lens.k1 * problem.lens.k1 / (kK1Sigma * kK1Sigma);
  return cost;
}

BundleProblem Stepped(const BundleProblem& problem,
                      const Eigen::VectorXd& camera_step,
                      const std::vector<Eigen::Vector3d>& point_step) {
  BundleProblem next = problem;
  const int num_cameras = static_cast<int>(problem.cam_from_world.size());
  for (int c = 0; c < num_cameras; ++c) {
    next.cam_from_world[c] = Perturbed(problem.cam_from_world[c], camera_step.segment<6>(6 * c));
  }
  for (size_t p = 0; p < point_step.size(); ++p) {
    next.points_in_world[p] =
        problem.points_in_world[p] + Vec3d{point_step[p][0], point_step[p][1], point_step[p][2]};
  }
  next.lens.focal_px *= std::exp(camera_step[6 * num_cameras]);
  next.lens.k1 += camera_step[6 * num_cameras + 1];
  return next;
}

void CheckProblem(const BundleProblem& problem) {
  int previous = 0;
  for (const BundleObservation& o : problem.observations) {
    FOOTHOLD_CHECK(o.point >= previous && o.point < static_cast<int>(problem.points_in_world.size()),
                   "observations must be sorted by point");
    FOOTHOLD_CHECK(o.camera >= 0 && o.camera < static_cast<int>(problem.cam_from_world.size()),
                   "camera index out of range");
    previous = o.point;
  }
}

}  // namespace

Vec3d RayOfPixel(const LensModel& lens, const Vec2d& pixel) {
  const Vec2d x = Undistort(
      RadialDistortiond{lens.k1, 0},
      Vec2d{(pixel[0] - lens.center_x_px) / lens.focal_px, (pixel[1] - lens.center_y_px) / lens.focal_px});
  return {x[0], x[1], 1};
}

Vec2d ProjectWithJacobian(const LensModel& lens,
                          const Rigid3d& cam_from_world,
                          const Vec3d& x_in_world,
                          ProjectionJacobian* jacobian) {
  const Vec3d rotated = Rotate(cam_from_world.rotation, x_in_world);
  const Vec3d c = rotated + cam_from_world.translation;
  const double x = c[0] / c[2], y = c[1] / c[2], r2 = x * x + y * y;
  const double factor = 1 + lens.k1 * r2, f = lens.focal_px;
  // d pixel / d (x, y), then d (x, y) / d camera point.
  const Mat<double, 2, 2> lens_slope{f * (factor + 2 * lens.k1 * x * x),
                                     f * 2 * lens.k1 * x * y,
                                     f * 2 * lens.k1 * x * y,
                                     f * (factor + 2 * lens.k1 * y * y)};
  const Mat<double, 2, 3> divide{1 / c[2], 0, -x / c[2], 0, 1 / c[2], -y / c[2]};
  const Mat<double, 2, 3> by_camera_point = lens_slope * divide;
  const Mat<double, 2, 3> by_rotation = -1.0 * (by_camera_point * Skew(rotated));
  for (int r = 0; r < 2; ++r) {
    for (int k = 0; k < 3; ++k) {
      jacobian->pose(r, k) = by_rotation(r, k);
      jacobian->pose(r, 3 + k) = by_camera_point(r, k);
    }
  }
  jacobian->point = by_camera_point * MatrixFromQuaternion(cam_from_world.rotation);
  jacobian->log_focal = {f * factor * x, f * factor * y};
  jacobian->k1 = {f * x * r2, f * y * r2};
  return {f * factor * x + lens.center_x_px, f * factor * y + lens.center_y_px};
}

BundleSummary AdjustBundle(const BundleOptions& options, BundleProblem* problem) {
  CheckProblem(*problem);
  BundleSummary summary;
  double cost = CostOf(*problem, options, &summary.errors_px);
  summary.initial_cost = summary.final_cost = cost;
  if (problem->observations.empty()) return summary;
  double damping = 1e-3;
  for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
    NormalEquations equations(*problem, options);
    equations.Linearize();
    bool accepted = false;
    double decrease = 0;
    for (int attempt = 0; attempt < kMaxTries && !accepted; ++attempt) {
      Eigen::VectorXd camera_step;
      std::vector<Eigen::Vector3d> point_step;
      if (equations.Solve(damping, &camera_step, &point_step)) {
        BundleProblem next = Stepped(*problem, camera_step, point_step);
        const double next_cost = CostOf(next, options, nullptr);
        if (next_cost < cost) {
          decrease = cost - next_cost;
          cost = next_cost;
          *problem = std::move(next);
          accepted = true;
          break;
        }
      }
      damping *= 6;
    }
    if (!accepted) break;
    ++summary.iterations;
    damping = std::max(damping / 4, 1e-7);
    if (iteration > 2 && decrease < options.relative_tolerance * cost) break;
  }
  summary.final_cost = CostOf(*problem, options, &summary.errors_px);
  return summary;
}

std::vector<double> RefinePose(const LensModel& lens,
                               const std::vector<Vec3d>& points_in_world,
                               const std::vector<Vec2d>& pixels,
                               double huber_px,
                               Rigid3d* cam_from_world) {
  const auto cost_of = [&](const Rigid3d& pose) {
    double sum = 0;
    for (size_t i = 0; i < pixels.size(); ++i) {
      sum += HuberLoss(ErrorOf(lens, pose, points_in_world[i], pixels[i]), huber_px);
    }
    return sum;
  };
  double cost = cost_of(*cam_from_world), damping = 1e-4;
  for (int iteration = 0; iteration < 30; ++iteration) {
    Eigen::Matrix<double, 6, 6> hessian = Eigen::Matrix<double, 6, 6>::Zero();
    Vector6 gradient = Vector6::Zero();
    for (size_t i = 0; i < pixels.size(); ++i) {
      if (!((*cam_from_world * points_in_world[i])[2] > kMinDepth)) continue;
      ProjectionJacobian jacobian;
      const Vec2d residual =
          ProjectWithJacobian(lens, *cam_from_world, points_in_world[i], &jacobian) - pixels[i];
      const double weight = HuberWeight(Norm(residual), huber_px);
      const Eigen::Matrix<double, 2, 6> j = ToEigen(jacobian.pose);
      hessian += weight * (j.transpose() * j);
      gradient += weight * (j.transpose() * ToEigen(residual));
    }
    bool accepted = false;
    double decrease = 0;
    for (int attempt = 0; attempt < kMaxTries && !accepted; ++attempt) {
      Eigen::Matrix<double, 6, 6> damped = hessian;
      damped.diagonal() += damping * hessian.diagonal() + Vector6::Constant(1e-9);
      const Vector6 step = -damped.ldlt().solve(gradient);
      const Rigid3d next = Perturbed(*cam_from_world, step);
      const double next_cost = step.allFinite() ? cost_of(next) : cost;
      if (next_cost < cost) {
        decrease = cost - next_cost;
        cost = next_cost;
        *cam_from_world = next;
        accepted = true;
      } else {
        damping *= 6;
      }
    }
    if (!accepted || decrease < 1e-7 * cost) break;
    damping = std::max(damping / 4, 1e-9);
  }
  std::vector<double> errors;
  for (size_t i = 0; i < pixels.size(); ++i) {
    errors.push_back(ErrorOf(lens, *cam_from_world, points_in_world[i], pixels[i]));
  }
  return errors;
}

}  // namespace foothold
