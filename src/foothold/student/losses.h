// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "foothold/student/body_joints.h"
#include "foothold/student/josh3r.h"

namespace foothold {

// Training losses of the student. The released ones (../shared/design/josh.md, section 7.4) are the default;
// the optional fields of PairTargets repair what is wrong with them:
//   - every foot is drawn to the scene at all times: `contact` says which stand;
//   - a foot's nearest scene point is mostly the person's own shoe: `scene_mask` takes people out;
//   - the second image's points are in the first camera when the backbone makes them, but are compared with
//     a body and targets in the second: SecondPoints::kFirstCamera compares in the first.
// Their means over a batch would also change with how samples are gathered to batches: every term is a sum
// and its weight here, which ranks add up before they divide.

enum class SecondPoints {
  kOwnCamera,    // Targets of image 2 in camera 2, which the backbone learns to predict. As released.
  kFirstCamera,  // Targets of image 2 in camera 1; the body gets there by its predicted motion.
};

constexpr std::array<int, 4> kContactJoints = {kLeftFoot, kRightFoot, kLeftAnkle, kRightAnkle};

struct PairTargets {
  at::Tensor rel_translation, rel_rotation;  // [B, 3], [B, 6]
  at::Tensor rotation1, rotation2;           // [B, 6], of the body's root in the camera of its image.
  at::Tensor translation1, translation2;     // [B, 3] metres, likewise.
  at::Tensor shape;                          // [B, 10]
  at::Tensor pose;                           // [B, 2, 23, 3] axis-angle.
  at::Tensor points;                         // [B, 2, H, W, 3] metres.
  at::Tensor points_mask;                    // [B, 2, H, W] bool: where `points` are known.
  at::Tensor contact;     // [B, 2, 4] in [0, 1], of kContactJoints in both images. Undefined: all 1.
  at::Tensor scene_mask;  // [B, 2, H, W] bool: pixels that can be touched. Undefined: all.
};

// Name of the first field that holds a value that is not finite (points: where the mask is true); empty:
// none does. Losses of such targets would poison the network.
std::string FirstNonFinite(const PairTargets& targets);

struct LossTerm {
  at::Tensor sum, weight;                                            // Scalars. The weight has no gradient.
  at::Tensor Mean() const { return sum / weight.clamp_min(1e-12); }  // 0 when nothing weighs.
};

// Terms by name, in the order of the release: rel_translation, rel_rotation, translation1, translation2,
// contact_scale1, contact_scale2, contact_static, depth.
struct PairLosses {
  std::vector<std::pair<std::string, LossTerm>> terms;
  const LossTerm& Term(const std::string& name) const;
  at::Tensor Total() const;  // Sum of the means.
};

PairLosses ComputePairLosses(const PairPrediction& prediction,
                             const PairTargets& targets,
                             const BodyJoints& body,
                             SecondPoints second_points = SecondPoints::kOwnCamera);

// One by one, for tests and other mixtures.

// Mean length of differences [B, 3].
LossTerm TranslationLoss(const at::Tensor& predicted, const at::Tensor& target);
// The same relative to the target's length.
LossTerm RelativeTranslationLoss(const at::Tensor& predicted, const at::Tensor& target);
// Mean square of differences [B, 6].
LossTerm RotationLoss(const at::Tensor& predicted, const at::Tensor& target);
// Mean distance of joints [B, 4, 3] to the nearest scaled point of [B, M, 3]. Points get no gradient, the
// scale [B, 1] does. `contact` [B, 4] weighs; `mask` [B, M] tells usable points. Either may be undefined.
LossTerm ContactScaleLoss(const at::Tensor& joints,
                          const at::Tensor& points,
                          const at::Tensor& scale,
                          const at::Tensor& contact,
                          const at::Tensor& mask);
// Displacement of joints [B, 4, 3], in the order of kContactJoints, between two times. Without `contact`
// [B, 4] (both times' product): of the better side, averaged over foot and ankle. With it: of those standing.
LossTerm ContactStaticLoss(const at::Tensor& joints1, const at::Tensor& joints2, const at::Tensor& contact);
// Mean of |points x scale - target| / (|target| + 1 mm) where mask is true. [B, M, 3], [B, 1], [B, M, 3], [B,
// M].
LossTerm DepthLoss(const at::Tensor& points,
                   const at::Tensor& scale,
                   const at::Tensor& target,
                   const at::Tensor& mask);

}  // namespace foothold
