// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ceres/ceres.h>

#include <utility>
#include <vector>

#include "foothold/geometry/rotation.h"
#include "foothold/objective/released/solver_terms.h"

namespace foothold {

// The released objective as Ceres sees it: one parameter block per camera, one for the focal length.
//
// A camera block is (q_x, q_y, q_z, c, log size, q_w). Its tangent is the solver's: a turn on the left,
// the centre, the log size. Ceres only ever multiplies Jacobians by PlusJacobian, so residuals put
// their derivatives by the tangent into the first seven columns and PlusJacobian selects those: nothing
// is spent on quaternions.
constexpr int kCameraAmbient = 8;
constexpr int kCameraTangent = 7;
constexpr int kLogSizeEntry = 6;

struct CameraValue {
  explicit CameraValue(const double* block);

  Mat3d rotation;  // world_from_cam
  Vec3d center_m;
  double size;
};
void WriteCamera(const Mat3d& rotation, const Vec3d& center_m, double log_size, double* block);

class CameraManifold : public ceres::Manifold {
 public:
  // With the pose fixed (the gauge) only the size moves.
  explicit CameraManifold(bool fix_pose) : fix_pose_(fix_pose) {}

  int AmbientSize() const override { return kCameraAmbient; }
  int TangentSize() const override { return fix_pose_ ? 1 : kCameraTangent; }
  bool Plus(const double* x, const double* delta, double* out) const override;
  bool PlusJacobian(const double* x, double* jacobian) const override;
  bool Minus(const double* y, const double* x, double* out) const override;
  bool MinusJacobian(const double* x, double* jacobian) const override;

 private:
  bool fix_pose_;
};

// scale * (rho_gamma(r~) - rho_gamma(epsilon)) of r~ = sqrt(s + epsilon^2) at the squared norm s.
class CuspLoss : public ceres::LossFunction {
 public:
  CuspLoss(const MatchKernelParameters& kernel, double scale);
  void Evaluate(double s, double out[3]) const override;

 private:
  double gamma_, offset_, epsilon2_, floor_, scale_;
};

struct MatchInDouble {
  struct End {
    double x, y, core, omega_m1;
  };
  End first, second;
  double confidence;
};

// What every match residual needs beside the parameters.
struct MatchContext {
  const JointProblem* problem = nullptr;
  std::vector<MatchInDouble> matches;
  Vec2d center_px;
  double initial_focal_px = 1;

  explicit MatchContext(const JointProblem& problem_);
};

// Rows of matches of one pair (i, j). With a loss per match the rows are robustified here, so that a pair
// can be one residual block: r sqrt(rho(s) / s), with Jacobians scaled to keep the exact gradient.
class MatchCost : public ceres::CostFunction {
 public:
  // Matches begin .. end - 1. `losses`: of those matches (both directions alike), or null.
  MatchCost(const MatchContext* context,
            int pair,
            int64_t begin,
            int64_t end,
            const CuspLoss* losses,
            int rows_per_match);

 protected:
  int64_t count() const { return end_ - begin_; }
  // Scales `rows` rows from `row` on by the loss of match m.
  void Robustify(int64_t m, int row, int rows, double* residuals, double** jacobians) const;

  const MatchContext* context_;
  int i_, j_;
  int64_t begin_, end_;
  const CuspLoss* losses_;
};

// Stage 1: X_i - X_j. Blocks: camera i, camera j. At the initial focal length.
class AlignCost : public MatchCost {
 public:
  AlignCost(const MatchContext* context, int pair, int64_t begin, int64_t end, const CuspLoss* losses);
  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override;
};

// Stage 2: projections minus pixels. Blocks: camera i, camera j, log focal. Directions as chosen: into i,
// into j, or both (four rows per match).
class ReprojectCost : public MatchCost {
 public:
  enum Direction { kIntoFirst = 1, kIntoSecond = 2, kBoth = 3 };
  ReprojectCost(const MatchContext* context,
                int pair,
                int64_t begin,
                int64_t end,
                const CuspLoss* losses,
                Direction direction);
  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override;

 private:
  Direction direction_;
};

// Depth of a scene anchor minus that of a body vertex. Blocks: camera, log focal.
class ScaleCost : public ceres::SizedCostFunction<1, kCameraAmbient, 1> {
 public:
  ScaleCost(const JointProblem* problem, const AnchorContact& contact, double vertex_depth_m)
      : problem_(problem), contact_(contact), vertex_depth_m_(vertex_depth_m) {}
  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override;

 private:
  const JointProblem* problem_;
  AnchorContact contact_;
  double vertex_depth_m_;
};

// sum_k factor_k (R_k x_k + c_k). Blocks: the group's cameras.
class PointsCost : public ceres::CostFunction {
 public:
  PointsCost(std::vector<double> factors, std::vector<Vec3d> in_cam);
  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override;

 private:
  std::vector<double> factors_;
  std::vector<Vec3d> in_cam_;
};

// Largest difference between a cost's Jacobians and central differences along the manifolds, over the
// norm of the block. A manifold may be null.
double JacobianError(const ceres::CostFunction& cost,
                     const std::vector<const double*>& parameters,
                     const std::vector<const ceres::Manifold*>& manifolds);

}  // namespace foothold
