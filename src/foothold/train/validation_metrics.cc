// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/validation_metrics.h"

#include <numbers>

namespace foothold {
namespace {

using NamedErrors = std::vector<std::pair<std::string, LossTerm>>;

constexpr double kMillimetres = 1000;

// Relative motions, [B, 3] and [B, 3, 3].
struct Motion {
  at::Tensor translation, rotation;
};

at::Tensor LengthOf(const at::Tensor& x) { return at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}); }

LossTerm MeanOf(const at::Tensor& values) {
  return {values.sum(), at::full({}, static_cast<double>(values.numel()), values.options())};
}

at::Tensor Angles_deg(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor trace = at::matmul(a.transpose(-1, -2), b).diagonal(0, -2, -1).sum(-1);
  return ((trace - 1) / 2).clamp(-1, 1).acos() * (180 / std::numbers::pi);
}

at::Tensor Apply(const at::Tensor& rotations, const at::Tensor& vectors) {
  return at::matmul(rotations, vectors.unsqueeze(-1)).squeeze(-1);
}

// Joints of both bodies [B, 48, 3]: the first at (rotation1, translation1), the second moved from there.
at::Tensor JointsOf(const PairTargets& targets,
                    const BodyJoints& body,
                    const at::Tensor& rotation1,
                    const at::Tensor& translation1,
                    const Motion& motion) {
  const at::Tensor first = body(targets.shape, rotation1, targets.pose.select(1, 0), translation1);
  const at::Tensor second = body(targets.shape,
                                 at::matmul(rotation1, motion.rotation),
                                 targets.pose.select(1, 1),
                                 Apply(rotation1, motion.translation) + translation1);
  return at::cat({first, second}, 1);
}

NamedErrors MotionErrors(const Motion& said,
                         const Motion& truth,
                         const PairTargets& targets,
                         const BodyJoints& body) {
  const at::Tensor standing = at::eye(3, truth.rotation.options()).expand_as(truth.rotation);
  const at::Tensor origin = at::zeros_like(truth.translation);
  const auto second = [&](const Motion& motion) {
    return JointsOf(targets, body, standing, origin, motion).slice(1, kNumJoints);
  };
  return {
      {"rel_translation_error",
       {LengthOf(said.translation - truth.translation).sum(), LengthOf(truth.translation).sum()}},
      {"rel_rotation_deg", MeanOf(Angles_deg(said.rotation.to(at::kDouble), truth.rotation.to(at::kDouble)))},
      {"motion_mpjpe_mm", MeanOf(LengthOf(second(said) - second(truth)) * kMillimetres)}};
}

}  // namespace

MeanMotion MeasureMeanMotion(BatchSource* source, int num_batches, Communicator* messages) {
  const std::string start = source->Position();
  at::Tensor sums = at::zeros({10}, at::kDouble);  // Translations, rotations, their number.
  for (int i = 0; i < num_batches; ++i) {
    const PairTargets targets = source->Next().targets;
    const at::Tensor count = at::ones({targets.rel_translation.size(0), 1});
    sums += at::cat({targets.rel_translation, targets.rel_rotation, count}, 1).to(at::kDouble).sum(0);
  }
  source->Seek(start);
  at::Tensor all = at::empty({messages->size(), 10}, at::kDouble);
  messages->GatherBytes(sums.const_data_ptr(), sums.nbytes(), all.data_ptr());
  const at::Tensor total = all.sum(0);
  const at::Tensor mean = (total / total[9]).to(at::kFloat);
  return {mean.slice(0, 0, 3), mean.slice(0, 3, 9)};
}

NamedErrors PairErrors(const PairPrediction& prediction,
                       const PairTargets& targets,
                       const BodyJoints& body,
                       const MeanMotion& mean_motion) {
  const Motion truth = {targets.rel_translation, RotationFromRows(targets.rel_rotation)};
  const Motion said = {prediction.rel_translation, RotationFromRows(prediction.rel_rotation)};
  NamedErrors errors = MotionErrors(said, truth, targets, body);
  const at::Tensor rotation1 = RotationFromRows(targets.rotation1);
  const at::Tensor in_camera = JointsOf(targets, body, rotation1, prediction.translation1, said) -
                               JointsOf(targets, body, rotation1, targets.translation1, truth);
  errors.emplace_back("pair_mpjpe_mm", MeanOf(LengthOf(in_camera) * kMillimetres));

  const at::TensorOptions options = truth.translation.options();
  const Motion mean = {mean_motion.rel_translation.to(options).expand_as(truth.translation),
                       RotationFromRows(mean_motion.rel_rotation.to(options)).expand_as(truth.rotation)};
  for (const auto& [name, error] : MotionErrors(mean, truth, targets, body))
    errors.emplace_back("mean_motion/" + name, error);
  return errors;
}

}  // namespace foothold
