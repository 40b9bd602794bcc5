// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/batch_source.h"

#include <functional>

namespace foothold {
namespace {

// Applies `change` to every tensor of a batch that is there.
TrainingBatch Changed(TrainingBatch batch, const std::function<at::Tensor(const at::Tensor&)>& change) {
  PairTargets& targets = batch.targets;
  for (at::Tensor* tensor : {&batch.batch.images,
                             &batch.batch.boxes_px,
                             &targets.rel_translation,
                             &targets.rel_rotation,
                             &targets.rotation1,
                             &targets.rotation2,
                             &targets.translation1,
                             &targets.translation2,
                             &targets.shape,
                             &targets.pose,
                             &targets.points,
                             &targets.points_mask,
                             &targets.contact,
                             &targets.scene_mask}) {
    if (tensor->defined()) *tensor = change(*tensor);
  }
  return batch;
}

}  // namespace

TrainingBatch Slice(const TrainingBatch& batch, int64_t begin, int64_t end) {
  TrainingBatch slice = Changed(batch, [&](const at::Tensor& tensor) { return tensor.slice(0, begin, end); });
  slice.sample_seeds.assign(batch.sample_seeds.begin() + begin, batch.sample_seeds.begin() + end);
  return slice;
}

TrainingBatch ToDevice(const TrainingBatch& batch, at::Device device) {
  return Changed(batch, [&](const at::Tensor& tensor) { return tensor.to(device); });
}

}  // namespace foothold
