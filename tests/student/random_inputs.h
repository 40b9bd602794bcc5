// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "foothold/base/random.h"
#include "foothold/networks/tensor.h"
#include "foothold/scene/body.h"

namespace foothold {

// Seeded float64 tensors of normal numbers.
class Numbers {
 public:
  at::Tensor operator()(at::IntArrayRef sizes, double scale = 1, double offset = 0) {
    at::Tensor values = at::empty(sizes, at::dtype(at::kDouble));
    auto* numbers = values.data_ptr<double>();
    for (int64_t i = 0; i < values.numel(); ++i) numbers[i] = offset + scale * random_.Normal();
    return values;
  }

 private:
  RandomStream random_{3, "numbers"};
};

// A body of joints alone, in a random tree.
inline BodyModel RandomSkeleton() {
  RandomStream random(7, "skeleton");
  const auto vector = [&](double size) {
    return Vec3d{size * random.Normal(), size * random.Normal(), size * random.Normal()};
  };
  BodyModel model;
  model.num_shape = kNumShape;
  for (int k = 0; k < kNumJoints; ++k) {
    model.parents[k] = k == 0 ? -1 : random.UniformInt(std::max(0, k - 3), k - 1);
    model.joint_template_m[k] = vector(0.5);
    for (Vec3d& direction : model.joint_dirs_m[k]) direction = vector(0.05);
  }
  return model;
}

}  // namespace foothold
