// SPDX-License-Identifier: Apache-2.0
#include "ceres_comparison/residuals.h"

#include <algorithm>
#include <cmath>

#include "foothold/geometry/robust_kernel.h"

namespace foothold {
namespace {

struct DepthValue {
  double shift, stretch, zoom;
};
DepthValue DepthOf(const JointProblem& problem, int keyframe, double focal_px) {
  const double median = problem.median_depth_m[keyframe], base = problem.base_focal_px[keyframe];
  return {median * (focal_px / base - 1), base / focal_px, median * focal_px / base};
}

// A pixel's point: `arm` from the camera centre, turned into the world, and its derivative by log focal.
struct PointValue {
  Vec3d arm, arm_by_focal;
};
PointValue PointOfEnd(const CameraValue& camera,
                      const DepthValue& depth,
                      const MatchInDouble::End& end,
                      double focal) {
  const double anchor = end.core + depth.shift, stretched = 1 + end.omega_m1 * depth.stretch;
  const double z = anchor * stretched;
  const double z_by_focal = depth.zoom * stretched - anchor * end.omega_m1 * depth.stretch;
  const double x = end.x / focal, y = end.y / focal;
  const Vec3d in_cam{x * z, y * z, z};
  const Vec3d by_focal{x * (z_by_focal - z), y * (z_by_focal - z), z_by_focal};
  return {camera.size * (camera.rotation * in_cam), camera.size * (camera.rotation * by_focal)};
}

// Puts the derivative of one row by a world point that a camera carries into the camera's columns: a turn
// moves the point by turn x arm.
void CarryRow(const Vec3d& by_world, const Vec3d& arm, double factor, double* row) {
  const Vec3d turn = Cross(arm, by_world);
  for (int c = 0; c < 3; ++c) {
    row[c] = factor * turn[c];
    row[3 + c] = factor * by_world[c];
  }
}

// A projection into a camera and its derivatives by the point in that camera.
struct Projection {
  Vec2d pixel;
  Vec3d by_point[2];
  bool limited[2];
};
Projection Project(const Vec3d& p, double focal, const Vec2d& center) {
  Projection out;
  const double z = std::max(p[2], kMinProjectDepth_m), inverse = 1 / z;
  for (int a = 0; a < 2; ++a) {
    const double projected = (focal * p[a] + center[a] * (p[2] - z)) * inverse;
    out.pixel[a] = std::clamp(projected, kMinProjection_px - center[a], kMaxProjection_px - center[a]);
    out.limited[a] = out.pixel[a] != projected;
    out.by_point[a] = Vec3d::Zero();
    if (out.limited[a]) continue;
    out.by_point[a][a] = focal * inverse;
    out.by_point[a][2] = (p[2] > kMinProjectDepth_m ? -projected : center[a]) * inverse;
  }
  return out;
}

// Two rows of a reprojection; the Jacobians may be null.
struct ReprojectRows {
  double* residual;
  double *source, *target, *focal;  // Row-major, kCameraAmbient and 1 wide.
};
void Reproject(const CameraValue& source,
               const CameraValue& target,
               const PointValue& point,
               const MatchInDouble::End& seen,
               double focal,
               const Vec2d& center,
               const ReprojectRows& rows) {
  const Vec3d from_target = point.arm + source.center_m - target.center_m;
  const Mat3d cam_from_world = Transposed(target.rotation);
  const Vec3d in_target = cam_from_world * from_target;
  const Projection projection = Project(in_target, focal, center);
  rows.residual[0] = projection.pixel[0] - seen.x;
  rows.residual[1] = projection.pixel[1] - seen.y;
  for (int a = 0; a < 2; ++a) {
    const Vec3d by_world = target.rotation * projection.by_point[a];
    if (rows.source != nullptr) {
      double* row = rows.source + kCameraAmbient * a;
      CarryRow(by_world, point.arm, 1, row);
      row[kLogSizeEntry] = Dot(by_world, point.arm);
    }
    // Turning the target about its centre turns the point the other way.
    if (rows.target != nullptr) CarryRow(by_world, from_target, -1, rows.target + kCameraAmbient * a);
    if (rows.focal != nullptr) {
      rows.focal[a] = Dot(by_world, point.arm_by_focal) + projection.by_point[a][a] * in_target[a];
    }
  }
}

void ClearJacobians(int rows, const std::vector<int32_t>& sizes, double** jacobians) {
  if (jacobians == nullptr) return;
  for (size_t b = 0; b < sizes.size(); ++b) {
    if (jacobians[b] != nullptr) std::fill_n(jacobians[b], rows * sizes[b], 0.0);
  }
}

}  // namespace

CameraValue::CameraValue(const double* block)
    : rotation(MatrixFromQuaternion(Quatd{block[7], block[0], block[1], block[2]})),
      center_m{block[3], block[4], block[5]},
      size(std::exp(block[kLogSizeEntry])) {}

void WriteCamera(const Mat3d& rotation, const Vec3d& center_m, double log_size, double* block) {
  const Quatd q = QuaternionFromMatrix(rotation);
  const double values[kCameraAmbient] = {q.x, q.y, q.z, center_m[0], center_m[1], center_m[2], log_size, q.w};
  std::copy_n(values, kCameraAmbient, block);
}

bool CameraManifold::Plus(const double* x, const double* delta, double* out) const {
  std::copy_n(x, kCameraAmbient, out);
  if (fix_pose_) {
    out[kLogSizeEntry] += delta[0];
    return true;
  }
  const Quatd q =
      Normalized(ExpQuaternion(Vec3d{delta[0], delta[1], delta[2]}) * Quatd{x[7], x[0], x[1], x[2]});
  out[0] = q.x;
  out[1] = q.y;
  out[2] = q.z;
  out[7] = q.w;
  for (int c = 3; c < kCameraTangent; ++c) out[c] += delta[c];
  return true;
}

bool CameraManifold::PlusJacobian(const double*, double* jacobian) const {
  const int columns = TangentSize();
  std::fill_n(jacobian, kCameraAmbient * columns, 0.0);
  if (fix_pose_) {
    jacobian[kLogSizeEntry] = 1;
  } else {
    for (int c = 0; c < columns; ++c) jacobian[c * columns + c] = 1;
  }
  return true;
}

bool CameraManifold::Minus(const double* y, const double* x, double* out) const {
  if (fix_pose_) {
    out[0] = y[kLogSizeEntry] - x[kLogSizeEntry];
    return true;
  }
  const Vec3d turn = LogQuaternion(Quatd{y[7], y[0], y[1], y[2]} * Conjugate(Quatd{x[7], x[0], x[1], x[2]}));
  for (int c = 0; c < 3; ++c) out[c] = turn[c];
  for (int c = 3; c < kCameraTangent; ++c) out[c] = y[c] - x[c];
  return true;
}

bool CameraManifold::MinusJacobian(const double*, double* jacobian) const {
  const int rows = TangentSize();
  std::fill_n(jacobian, kCameraAmbient * rows, 0.0);
  for (int r = 0; r < rows; ++r) jacobian[r * kCameraAmbient + (fix_pose_ ? kLogSizeEntry : r)] = 1;
  return true;
}

CuspLoss::CuspLoss(const MatchKernelParameters& kernel, double scale)
    : gamma_(kernel.gamma), epsilon2_(kernel.epsilon * kernel.epsilon), scale_(scale) {
  const auto exact = RobustKernel<double>::FromGamma(kernel.gamma);
  offset_ = exact.offset;
  floor_ = std::pow(kernel.epsilon + offset_, gamma_);
}

void CuspLoss::Evaluate(double s, double out[3]) const {
  const double r = std::sqrt(s + epsilon2_), base = r + offset_;
  const double power = std::pow(base, gamma_ - 1);
  const double slope = gamma_ * power, bend = slope * (gamma_ - 1) / base;
  out[0] = scale_ * (base * power - floor_);
  out[1] = scale_ * slope / (2 * r);
  out[2] = scale_ * (bend - slope / r) / (4 * r * r);
}

MatchContext::MatchContext(const JointProblem& problem_)
    : problem(&problem_),
      center_px{problem_.width / 2.0, problem_.height / 2.0},
      initial_focal_px(problem_.initial_focal_px) {
  const MatchArrays& from = problem_.matches;
  const auto core = [&](int keyframe, int anchor) {
    return problem_.core_depth_m[static_cast<size_t>(keyframe) * problem_.num_anchors() + anchor];
  };
  for (int p = 0; p < problem_.num_pairs(); ++p) {
    const auto [i, j] = problem_.pairs[p];
    for (int64_t m = problem_.offset[p]; m < problem_.offset[p + 1]; ++m) {
      matches.push_back({{from.x1[m] - center_px[0],
                          from.y1[m] - center_px[1],
                          core(i, from.anchor1[m]),
                          from.omega1[m] - 1.0},
                         {from.x2[m] - center_px[0],
                          from.y2[m] - center_px[1],
                          core(j, from.anchor2[m]),
                          from.omega2[m] - 1.0},
                         from.confidence[m]});
    }
  }
}

MatchCost::MatchCost(const MatchContext* context,
                     int pair,
                     int64_t begin,
                     int64_t end,
                     const CuspLoss* losses,
                     int rows_per_match)
    : context_(context),
      i_(context->problem->pairs[pair][0]),
      j_(context->problem->pairs[pair][1]),
      begin_(begin),
      end_(end),
      losses_(losses) {
  *mutable_parameter_block_sizes() = {kCameraAmbient, kCameraAmbient};
  set_num_residuals(static_cast<int>(rows_per_match * (end - begin)));
}

void MatchCost::Robustify(int64_t m, int row, int rows, double* residuals, double** jacobians) const {
  if (losses_ == nullptr) return;
  double s = 0, rho[3];
  for (int r = row; r < row + rows; ++r) s += residuals[r] * residuals[r];
  losses_[m - begin_].Evaluate(s, rho);
  const double factor = s > 1e-20 ? std::sqrt(rho[0] / s) : std::sqrt(rho[1]);
  for (int r = row; r < row + rows; ++r) residuals[r] *= factor;
  if (jacobians == nullptr || factor == 0) return;
  const double slope = rho[1] / factor;
  for (size_t b = 0; b < parameter_block_sizes().size(); ++b) {
    if (jacobians[b] == nullptr) continue;
    const int width = parameter_block_sizes()[b];
    for (int e = row * width; e < (row + rows) * width; ++e) jacobians[b][e] *= slope;
  }
}

AlignCost::AlignCost(
    const MatchContext* context, int pair, int64_t begin, int64_t end, const CuspLoss* losses)
    : MatchCost(context, pair, begin, end, losses, 3) {}

bool AlignCost::Evaluate(double const* const* parameters, double* residuals, double** jacobians) const {
  const CameraValue first(parameters[0]), second(parameters[1]);
  const double focal = context_->initial_focal_px;
  const DepthValue first_depth = DepthOf(*context_->problem, i_, focal),
                   second_depth = DepthOf(*context_->problem, j_, focal);
  ClearJacobians(num_residuals(), parameter_block_sizes(), jacobians);
  for (int64_t m = begin_; m < end_; ++m) {
    const MatchInDouble& match = context_->matches[m];
    const Vec3d x = PointOfEnd(first, first_depth, match.first, focal).arm,
                y = PointOfEnd(second, second_depth, match.second, focal).arm;
    const Vec3d difference = x + first.center_m - y - second.center_m;
    const int row = static_cast<int>(3 * (m - begin_));
    for (int r = 0; r < 3; ++r) {
      residuals[row + r] = difference[r];
      Vec3d axis = Vec3d::Zero();
      axis[r] = 1;
      for (int b = 0; jacobians != nullptr && b < 2; ++b) {
        if (jacobians[b] == nullptr) continue;
        double* out = jacobians[b] + kCameraAmbient * (row + r);
        const double sign = b == 0 ? 1 : -1;
        CarryRow(axis, b == 0 ? x : y, sign, out);
        out[kLogSizeEntry] = sign * (b == 0 ? x : y)[r];
      }
    }
    Robustify(m, row, 3, residuals, jacobians);
  }
  return true;
}

ReprojectCost::ReprojectCost(const MatchContext* context,
                             int pair,
                             int64_t begin,
                             int64_t end,
                             const CuspLoss* losses,
                             Direction direction)
    : MatchCost(context, pair, begin, end, losses, direction == kBoth ? 4 : 2), direction_(direction) {
  mutable_parameter_block_sizes()->push_back(1);
}

bool ReprojectCost::Evaluate(double const* const* parameters, double* residuals, double** jacobians) const {
  const CameraValue first(parameters[0]), second(parameters[1]);
  const double focal = std::exp(parameters[2][0]);
  const DepthValue first_depth = DepthOf(*context_->problem, i_, focal),
                   second_depth = DepthOf(*context_->problem, j_, focal);
  ClearJacobians(num_residuals(), parameter_block_sizes(), jacobians);
  int row = 0;
  const auto block = [&](int b, int width) {
    return jacobians == nullptr || jacobians[b] == nullptr ? nullptr : jacobians[b] + width * row;
  };
  for (int64_t m = begin_; m < end_; ++m) {
    const MatchInDouble& match = context_->matches[m];
    if (direction_ & kIntoFirst) {
      Reproject(second,
                first,
                PointOfEnd(second, second_depth, match.second, focal),
                match.first,
                focal,
                context_->center_px,
                {residuals + row, block(1, kCameraAmbient), block(0, kCameraAmbient), block(2, 1)});
      Robustify(m, row, 2, residuals, jacobians);
      row += 2;
    }
    if (direction_ & kIntoSecond) {
      Reproject(first,
                second,
                PointOfEnd(first, first_depth, match.first, focal),
                match.second,
                focal,
                context_->center_px,
                {residuals + row, block(0, kCameraAmbient), block(1, kCameraAmbient), block(2, 1)});
      Robustify(m, row, 2, residuals, jacobians);
      row += 2;
    }
  }
  return true;
}

bool ScaleCost::Evaluate(double const* const* parameters, double* residuals, double** jacobians) const {
  const double size = std::exp(parameters[0][kLogSizeEntry]), focal = std::exp(parameters[1][0]);
  const DepthValue depth = DepthOf(*problem_, contact_.keyframe, focal);
  const size_t entry = static_cast<size_t>(contact_.keyframe) * problem_->num_anchors() + contact_.anchor;
  const double scene = size * (problem_->core_depth_m[entry] + depth.shift) * contact_.omega;
  const double body = vertex_depth_m_ * focal / problem_->initial_focal_px;
  residuals[0] = scene - body;
  ClearJacobians(1, parameter_block_sizes(), jacobians);
  if (jacobians != nullptr && jacobians[0] != nullptr) jacobians[0][kLogSizeEntry] = scene;
  if (jacobians != nullptr && jacobians[1] != nullptr) {
    jacobians[1][0] = size * depth.zoom * contact_.omega - body;
  }
  return true;
}

PointsCost::PointsCost(std::vector<double> factors, std::vector<Vec3d> in_cam)
    : factors_(std::move(factors)), in_cam_(std::move(in_cam)) {
  mutable_parameter_block_sizes()->assign(factors_.size(), kCameraAmbient);
  set_num_residuals(3);
}

bool PointsCost::Evaluate(double const* const* parameters, double* residuals, double** jacobians) const {
  ClearJacobians(3, parameter_block_sizes(), jacobians);
  Vec3d sum = Vec3d::Zero();
  for (size_t k = 0; k < factors_.size(); ++k) {
    const CameraValue camera(parameters[k]);
    const Vec3d arm = camera.rotation * in_cam_[k];
    sum = sum + factors_[k] * (arm + camera.center_m);
    if (jacobians == nullptr || jacobians[k] == nullptr) continue;
    for (int r = 0; r < 3; ++r) {
      Vec3d axis = Vec3d::Zero();
      axis[r] = 1;
      CarryRow(axis, arm, factors_[k], jacobians[k] + kCameraAmbient * r);
    }
  }
  for (int r = 0; r < 3; ++r) residuals[r] = sum[r];
  return true;
}

double JacobianError(const ceres::CostFunction& cost,
                     const std::vector<const double*>& parameters,
                     const std::vector<const ceres::Manifold*>& manifolds) {
  const int rows = cost.num_residuals();
  const std::vector<int32_t>& sizes = cost.parameter_block_sizes();
  std::vector<std::vector<double>> storage;
  for (const int32_t size : sizes) storage.emplace_back(rows * size);
  std::vector<double*> jacobians;
  for (std::vector<double>& block : storage) jacobians.push_back(block.data());
  std::vector<double> residuals(rows), ahead(rows), behind(rows);
  cost.Evaluate(parameters.data(), residuals.data(), jacobians.data());
  double worst = 0;
  for (size_t b = 0; b < sizes.size(); ++b) {
    const ceres::Manifold* manifold = manifolds[b];
    const int tangents = manifold == nullptr ? sizes[b] : manifold->TangentSize();
    double difference2 = 0, norm2 = 0;
    for (int t = 0; t < tangents; ++t) {
      constexpr double kStep = 1e-6;
      for (const double step : {kStep, -kStep}) {
        std::vector<double> delta(tangents, 0.0), moved(sizes[b]);
        delta[t] = step;
        if (manifold == nullptr) {
          moved[t] = parameters[b][t] + step;
        } else {
          manifold->Plus(parameters[b], delta.data(), moved.data());
        }
        std::vector<const double*> at = parameters;
        at[b] = moved.data();
        cost.Evaluate(at.data(), step > 0 ? ahead.data() : behind.data(), nullptr);
      }
      for (int r = 0; r < rows; ++r) {
        const int column = tangents == 1 && sizes[b] > 1 ? kLogSizeEntry : t;
        const double analytic = jacobians[b][r * sizes[b] + column];
        const double numeric = (ahead[r] - behind[r]) / (2 * kStep);
        difference2 += (analytic - numeric) * (analytic - numeric);
        norm2 += numeric * numeric;
      }
    }
    if (norm2 > 0) worst = std::max(worst, std::sqrt(difference2 / norm2));
  }
  return worst;
}

}  // namespace foothold
