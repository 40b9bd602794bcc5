// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace foothold {

// Value and derivative along one direction (forward-mode differentiation), for tests: exact derivatives
// of the templates in src/foothold/geometry.
struct Dual {
  double value = 0, slope = 0;

  Dual() = default;
  Dual(double v) : value(v) {}  // NOLINT: numbers convert.
  Dual(double v, double s) : value(v), slope(s) {}
};

inline Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
inline Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
inline Dual operator-(Dual a) { return {-a.value, -a.slope}; }
inline Dual operator*(Dual a, Dual b) { return {a.value * b.value, a.slope * b.value + a.value * b.slope}; }
inline Dual operator/(Dual a, Dual b) {
  return {a.value / b.value, (a.slope * b.value - a.value * b.slope) / (b.value * b.value)};
}
inline bool operator<(Dual a, Dual b) { return a.value < b.value; }
inline bool operator>(Dual a, Dual b) { return a.value > b.value; }
inline Dual sqrt(Dual a) { return {std::sqrt(a.value), a.slope / (2 * std::sqrt(a.value))}; }
inline Dual sin(Dual a) { return {std::sin(a.value), a.slope * std::cos(a.value)}; }
inline Dual cos(Dual a) { return {std::cos(a.value), -a.slope * std::sin(a.value)}; }
inline Dual atan2(Dual y, Dual x) {
  const double r2 = x.value * x.value + y.value * y.value;
  return {std::atan2(y.value, x.value), (x.value * y.slope - y.value * x.slope) / r2};
}
inline Dual pow(Dual a, Dual b) {
  const double value = std::pow(a.value, b.value);
  const double by_exponent = b.slope == 0 ? 0 : value * std::log(a.value) * b.slope;
  return {value, b.value * std::pow(a.value, b.value - 1) * a.slope + by_exponent};
}

}  // namespace foothold
