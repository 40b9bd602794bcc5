// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/losses.h"

#include <cmath>

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr double kSmallestLength_m = 1e-3;

// Derivative 0 at length 0.
at::Tensor LengthOf(const at::Tensor& x) { return at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}); }

at::Tensor ConstantOf(int64_t value, const at::Tensor& like) {
  return at::full({}, static_cast<double>(value), like.options());
}

LossTerm MeanOf(const at::Tensor& values) { return {values.sum(), ConstantOf(values.numel(), values)}; }

LossTerm WeightedMeanOf(const at::Tensor& values, const at::Tensor& weights) {
  return {(values * weights).sum(), weights.sum()};
}

// Points nearest to the joints, [B, 4, 3], found without gradients and without ties to worry about.
at::Tensor NearestPoints(const at::Tensor& joints,
                         const at::Tensor& points,
                         const at::Tensor& scale,
                         const at::Tensor& mask) {
  constexpr int64_t kExactDistances = 2;  // Not by matrix products, which lose digits.
  at::Tensor indices;
  {
    const c10::NoGradGuard no_gradients;
    at::Tensor distances = at::cdist(joints, points * scale.unsqueeze(-1), 2, kExactDistances);  // [B, 4, M]
    if (mask.defined()) distances = distances.masked_fill(mask.logical_not().unsqueeze(1), INFINITY);
    indices = distances.argmin(-1);  // [B, 4]
  }
  return points.detach().gather(1, indices.unsqueeze(-1).expand({-1, -1, 3}));
}

at::Tensor FeetOf(const at::Tensor& joints) {
  const at::Tensor indices =
      at::tensor(std::vector<int64_t>(kContactJoints.begin(), kContactJoints.end()), at::kLong);
  return joints.index_select(1, indices.to(joints.device()));
}

at::Tensor SliceOf(const at::Tensor& optional, int64_t image) {
  return optional.defined() ? optional.select(1, image) : at::Tensor();
}

at::Tensor FlatPixels(const at::Tensor& optional) {
  return optional.defined() ? optional.flatten(1, 2) : optional;
}

}  // namespace

LossTerm TranslationLoss(const at::Tensor& predicted, const at::Tensor& target) {
  return MeanOf(LengthOf(predicted - target));
}

LossTerm RelativeTranslationLoss(const at::Tensor& predicted, const at::Tensor& target) {
  return MeanOf(LengthOf(predicted - target) / (LengthOf(target) + kSmallestLength_m));
}

LossTerm RotationLoss(const at::Tensor& predicted, const at::Tensor& target) {
  return MeanOf((predicted - target).square());
}

LossTerm ContactScaleLoss(const at::Tensor& joints,
                          const at::Tensor& points,
                          const at::Tensor& scale,
                          const at::Tensor& contact,
                          const at::Tensor& mask) {
  const at::Tensor nearest = NearestPoints(joints, points, scale, mask);
  const at::Tensor distances = LengthOf(joints - nearest * scale.unsqueeze(-1));  // [B, 4]
  at::Tensor weights =
      contact.defined() ? contact.to(distances.scalar_type()) : at::ones_like(distances).detach();
  if (mask.defined()) weights = weights * mask.any(1, /*keepdim=*/true).to(weights.scalar_type());
  return WeightedMeanOf(distances, weights);
}

LossTerm ContactStaticLoss(const at::Tensor& joints1, const at::Tensor& joints2, const at::Tensor& contact) {
  const at::Tensor moved =
      LengthOf(joints2 - joints1);  // [B, 4]: left foot, right foot, left ankle, right ankle.
  if (contact.defined()) return WeightedMeanOf(moved, contact.to(moved.scalar_type()));
  return MeanOf(at::minimum(moved.slice(1, 0, {}, 2), moved.slice(1, 1, {}, 2)));
}

LossTerm DepthLoss(const at::Tensor& points,
                   const at::Tensor& scale,
                   const at::Tensor& target,
                   const at::Tensor& mask) {
  // What is unknown may hold anything: it is taken out before it meets a gradient.
  const at::Tensor known = at::where(mask.unsqueeze(-1), target, at::zeros({}, target.options()));
  const at::Tensor errors =
      LengthOf(points * scale.unsqueeze(-1) - known) / (LengthOf(known) + kSmallestLength_m);
  return WeightedMeanOf(errors, mask.to(errors.scalar_type()));
}

std::string FirstNonFinite(const PairTargets& targets) {
  const std::vector<std::pair<std::string, at::Tensor>> fields = {
      {"rel_translation", targets.rel_translation},
      {"rel_rotation", targets.rel_rotation},
      {"rotation1", targets.rotation1},
      {"rotation2", targets.rotation2},
      {"translation1", targets.translation1},
      {"translation2", targets.translation2},
      {"shape", targets.shape},
      {"pose", targets.pose},
      {"contact", targets.contact},
      {"points",
       at::where(
           targets.points_mask.unsqueeze(-1), targets.points, at::zeros({}, targets.points.options()))}};
  for (const auto& [name, tensor] : fields) {
    if (tensor.defined() && !at::isfinite(tensor).all().item<bool>()) return name;
  }
  return "";
}

const LossTerm& PairLosses::Term(const std::string& name) const {
  for (const auto& [other, term] : terms) {
    if (other == name) return term;
  }
  throw Error(ErrorKind::kContract, "there is no loss term '" + name + "'");
}

at::Tensor PairLosses::Total() const {
  at::Tensor total = terms.front().second.Mean();
  for (size_t i = 1; i < terms.size(); ++i) total = total + terms[i].second.Mean();
  return total;
}

PairLosses ComputePairLosses(const PairPrediction& prediction,
                             const PairTargets& targets,
                             const BodyJoints& body,
                             SecondPoints second_points) {
  const at::Tensor pose1 = targets.pose.select(1, 0), pose2 = targets.pose.select(1, 1);
  const at::Tensor rotation1 = RotationFromRows(targets.rotation1);
  const at::Tensor rel_rotation = RotationFromRows(prediction.rel_rotation);
  const auto feet = [&](const at::Tensor& root, const at::Tensor& pose, const at::Tensor& translation) {
    return FeetOf(body(targets.shape, root, pose, translation));
  };
  const at::Tensor feet1 = feet(rotation1, pose1, prediction.translation1);
  at::Tensor feet2;
  if (second_points == SecondPoints::kOwnCamera) {
    feet2 = feet(RotationFromRows(targets.rotation2), pose2, prediction.translation2);
  } else {
    const at::Tensor moved = at::matmul(rotation1, prediction.rel_translation.unsqueeze(-1)).squeeze(-1);
    feet2 = feet(at::matmul(rotation1, rel_rotation), pose2, moved + prediction.translation1);
  }
  // The two bodies in the first one's frame.
  const at::Tensor identity = at::eye(3, rotation1.options()).expand_as(rotation1);
  const at::Tensor still1 = feet(identity, pose1, at::zeros_like(prediction.rel_translation));
  const at::Tensor still2 = feet(rel_rotation, pose2, prediction.rel_translation);
  const at::Tensor standing = targets.contact.defined() ? targets.contact.prod(1) : at::Tensor();

  const at::Tensor points1 = prediction.points1.flatten(1, 2), points2 = prediction.points2.flatten(1, 2);
  const at::Tensor target = targets.points.flatten(2, 3), target_mask = targets.points_mask.flatten(2, 3);
  const LossTerm depth1 =
      DepthLoss(points1, prediction.scale1, target.select(1, 0), target_mask.select(1, 0));
  const LossTerm depth2 =
      DepthLoss(points2, prediction.scale2, target.select(1, 1), target_mask.select(1, 1));
  const auto contact_scale =
      [&](int64_t image, const at::Tensor& joints, const at::Tensor& points, const at::Tensor& scale) {
        return ContactScaleLoss(joints,
                                points,
                                scale,
                                SliceOf(targets.contact, image),
                                FlatPixels(SliceOf(targets.scene_mask, image)));
      };
  return {{{"rel_translation", TranslationLoss(prediction.rel_translation, targets.rel_translation)},
           {"rel_rotation", RotationLoss(prediction.rel_rotation, targets.rel_rotation)},
           {"translation1", RelativeTranslationLoss(prediction.translation1, targets.translation1)},
           {"translation2", RelativeTranslationLoss(prediction.translation2, targets.translation2)},
           {"contact_scale1", contact_scale(0, feet1, points1, prediction.scale1)},
           {"contact_scale2", contact_scale(1, feet2, points2, prediction.scale2)},
           {"contact_static", ContactStaticLoss(still1, still2, standing)},
           {"depth", {depth1.sum + depth2.sum, depth1.weight + depth2.weight}}}};
}

}  // namespace foothold
