// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/body_prior.h"

#include <algorithm>
#include <cmath>

#include "foothold/objective/prior_residual.h"

namespace foothold {

BodyPriorTerm::BodyPriorTerm(const Variables& variables, const BodyPriorOptions& options)
    : variables_(variables), options_(options) {
  // Keyframes that share one error count together like one measurement of it.
  const std::vector<double>& times = variables.keyframe_time_s;
  double independent = 1;
  if (times.size() > 1) {
    const double interval_s = (times.back() - times.front()) / static_cast<double>(times.size() - 1);
    independent = std::min(1.0, interval_s / options.depth_correlation_s);
  }
  whiten_depth_ = std::sqrt(independent) / options.depth;
  for (const BodyVariable& body : variables.bodies) {
    const PersonVariables& person = variables.people[body.person];
    blocks_.push_back({body.block, person.shape_block, variables.focal_block});
    Vec3d pelvis =
        body.initial_in_cam.translation_m + RestPelvis(*variables.body_model, person.initial_shape);
    pelvis[2] = std::max(pelvis[2], options.min_depth_m);
    initial_pelvis_in_cam_.push_back(pelvis);
  }
  for (const PersonVariables& person : variables.people) blocks_.push_back({person.shape_block});
}

int BodyPriorTerm::num_residuals() const {
  return static_cast<int>(variables_.bodies.size()) * variables_.body_dof() +
         static_cast<int>(variables_.people.size()) * kNumShape;
}

double BodyPriorTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  const int num_bodies = static_cast<int>(variables_.bodies.size());
  return group < num_bodies ? EvaluateBody(view, group, system)
                            : EvaluateShape(view, group - num_bodies, system);
}

double BodyPriorTerm::EvaluateBody(const ParameterView& view, int index, GroupSystem* system) const {
  const BodyVariable& body = variables_.bodies[index];
  const BodyPose pose = ReadBodyPose(variables_, view, index);
  const BodyModel& model = *variables_.body_model;
  const int body_dof = variables_.body_dof();

  // Pelvis = translation + J0(shape).
  const Vec3d pelvis = pose.translation_m + RestPelvis(model, ReadShape(variables_, view, body.person));
  PelvisDerivatives<double> d;
  Vec3d seen = PelvisResidual(initial_pelvis_in_cam_[index],
                              variables_.initial_focal_px,
                              pelvis,
                              ReadFocal(variables_, view),
                              options_.min_depth_m,
                              &d);
  const double whiten[3] = {1 / options_.pixel_px, 1 / options_.pixel_px, whiten_depth_};
  for (int r = 0; r < 3; ++r) seen[r] *= whiten[r];
  double cost = SquaredNorm(seen) / 2;
  if (system != nullptr) {
    GroupJacobian jacobian(3, system->size);
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) {
        const double value = whiten[r] * d.by_pelvis(r, c);
        jacobian.At(r, c) = value;
        for (int s = 0; s < kNumShape; ++s) {
          jacobian.At(r, body_dof + s) += value * model.joint_dirs_m[kPelvis][s][c];
        }
      }
      jacobian.At(r, body_dof + kNumShape) = whiten[r] * d.by_log_focal[r];
    }
    system->Add(3, jacobian.data(), seen.data, 1.0);
  }

  const double whiten_rotation = 1 / options_.rotation_rad;
  for (size_t k = 0; k <= variables_.active_joints.size(); ++k) {
    const int joint = k == 0 ? 0 : variables_.active_joints[k - 1];
    const Quatd& initial = joint == 0 ? body.initial_in_cam.root : body.initial_in_cam.joints[joint - 1];
    const Quatd& now = joint == 0 ? pose.root : pose.joints[joint - 1];
    Mat3d by_tangent;
    const Vec3d turn = whiten_rotation * RotationResidual(initial, now, &by_tangent);
    cost += SquaredNorm(turn) / 2;
    if (system == nullptr) continue;
    GroupJacobian jacobian(3, system->size);
    jacobian.Add(0, 3 + 3 * static_cast<int>(k), by_tangent, whiten_rotation);
    system->Add(3, jacobian.data(), turn.data, 1.0);
  }
  return cost;
}

double BodyPriorTerm::EvaluateShape(const ParameterView& view, int person, GroupSystem* system) const {
  const BodyShape shape = ReadShape(variables_, view, person);
  double cost = 0;
  for (int s = 0; s < kNumShape; ++s) {
    const double whiten = 1 / options_.shape;
    const double residual = whiten * (shape[s] - variables_.people[person].initial_shape[s]);
    cost += residual * residual / 2;
    if (system == nullptr) continue;
    system->gradient[s] += whiten * residual;
    system->hessian[static_cast<size_t>(s) * (kNumShape + 1)] += whiten * whiten;
  }
  return cost;
}

}  // namespace foothold
