// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/dropout.h"

#include <algorithm>

#include "foothold/base/error.h"
#include "foothold/base/random.h"

namespace foothold {

at::Tensor SeededDropout(const at::Tensor& x,
                         double probability,
                         const std::vector<uint64_t>& sample_seeds,
                         const std::string& site) {
  if (probability <= 0) return x;
  const int64_t rows = x.size(0), columns = x.numel() / std::max<int64_t>(rows, 1);
  FOOTHOLD_CHECK(static_cast<int64_t>(sample_seeds.size()) == rows, "dropout needs one seed per sample");
  at::Tensor keep = at::empty({rows, columns}, at::dtype(at::kFloat));
  auto* factors = keep.data_ptr<float>();
  const auto kept = static_cast<float>(1 / (1 - probability));
  for (int64_t b = 0; b < rows; ++b) {
    RandomStream random(sample_seeds[static_cast<size_t>(b)], site);
    for (int64_t c = 0; c < columns; ++c) *factors++ = random.Bernoulli(probability) ? 0.0f : kept;
  }
  return x * keep.view(x.sizes()).to(x.device(), x.scalar_type());
}

}  // namespace foothold
