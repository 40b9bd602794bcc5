// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace foothold {

// A seeded random stream (PCG64-quality, splittable) whose values do not depend on the standard
// library: std::normal_distribution and friends differ between implementations.
class RandomStream {
 public:
  // Streams of different names are independent; the same (seed, name) repeats exactly.
  RandomStream(uint64_t seed, std::string_view name);

  uint64_t NextUint64();
  double Uniform();                          // [0, 1)
  double Uniform(double low, double high);   // [low, high)
  double Normal();                           // Mean 0, standard deviation 1 (Box-Muller).
  int UniformInt(int low, int high);         // Inclusive on both ends.
  bool Bernoulli(double probability);

 private:
  uint64_t state_[4];
  double spare_normal_ = 0;
  bool has_spare_normal_ = false;
};

}  // namespace foothold
