// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace foothold {

// Adam (Kingma and Ba 2015), entry by entry: the reference minimiser that others are measured against.
class Adam {
 public:
  struct Options {
    double beta1 = 0.9, beta2 = 0.9, epsilon = 1e-8;
  };
  Adam(size_t size, const Options& options) : options_(options), entries_(size) {}

  // The next value of entry `index`, whose step count is its own: an optimiser that holds a parameter
  // several times steps it several times.
  double Step(size_t index, double value, double gradient, double learning_rate);

 private:
  struct Entry {
    double mean = 0, square = 0;
    int steps = 0;
  };
  Options options_;
  std::vector<Entry> entries_;
};

// Half a cosine from `first` at step 0 to 0 at step `count`.
double CosineRate(double first, int step, int count);

}  // namespace foothold
