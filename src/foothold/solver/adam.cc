// SPDX-License-Identifier: Apache-2.0
#include "foothold/solver/adam.h"

#include <cmath>
#include <numbers>

namespace foothold {

double Adam::Step(size_t index, double value, double gradient, double learning_rate) {
  Entry& entry = entries_[index];
  ++entry.steps;
  entry.mean += (1 - options_.beta1) * (gradient - entry.mean);
  entry.square += (1 - options_.beta2) * (gradient * gradient - entry.square);
  const double mean = entry.mean / (1 - std::pow(options_.beta1, entry.steps));
  const double square = entry.square / (1 - std::pow(options_.beta2, entry.steps));
  return value - learning_rate * mean / (std::sqrt(square) + options_.epsilon);
}

double CosineRate(double first, int step, int count) {
  return first * (1 + std::cos(std::numbers::pi * step / count)) / 2;
}

}  // namespace foothold
