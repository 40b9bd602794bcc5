// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/networks/tensor.h"

namespace foothold {

// Dropout of x [B, C] with one seed per row: row b keeps or loses its entries as (sample_seeds[b], site)
// say, whatever rows stand beside it. Kept entries are divided by 1 - probability.
at::Tensor SeededDropout(const at::Tensor& x,
                         double probability,
                         const std::vector<uint64_t>& sample_seeds,
                         const std::string& site);

}  // namespace foothold
