// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "foothold/comm/communicator.h"
#include "foothold/student/body_joints.h"
#include "foothold/student/losses.h"
#include "foothold/train/batch_source.h"

namespace foothold {

// The mean relative motion of the training pairs: what can be said of a pair without looking at it.
struct MeanMotion {
  at::Tensor rel_translation;  // [3] metres.
  at::Tensor rel_rotation;     // [6]
};

// Of the next `num_batches` batches of all ranks; the source goes back to where it was. All ranks call it.
MeanMotion MeasureMeanMotion(BatchSource* source, int num_batches, Communicator* messages);

// Errors of predicted pairs, by name, each a sum and its weight as a loss is. Nothing is trained on them.
//   rel_translation_error   error of the relative translation over the length of the true one
//   rel_rotation_deg        angle between predicted and true relative rotation
//   motion_mpjpe_mm         joints of the second body where the first one stands still: world motion alone
//   pair_mpjpe_mm           joints of both bodies in camera 1, the second one moved there from the first
// and the first three for `mean_motion`, with the prefix "mean_motion/".
std::vector<std::pair<std::string, LossTerm>> PairErrors(const PairPrediction& prediction,
                                                         const PairTargets& targets,
                                                         const BodyJoints& body,
                                                         const MeanMotion& mean_motion);

}  // namespace foothold
