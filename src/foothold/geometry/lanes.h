// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "foothold/geometry/host_device.h"

namespace foothold {

// Kernels are written once, templated on their number type T, for three uses: T = float in a CUDA
// thread, T = double or a dual number in tests, T = Float8 on the CPU: eight matches in one register.
// Code for all three has no branches on values; it selects.

template <class T>
FOOTHOLD_HD T Select(bool condition, const T& a, const T& b) {
  return condition ? a : b;
}
template <class T>
FOOTHOLD_HD T Largest(const T& a, const T& b) {
  return Select(a < b, b, a);
}

// base^exponent for base > 0. In float to about 1e-6 relative, by the same arithmetic on every machine.
FOOTHOLD_HD double FastPow(double base, double exponent) { return std::pow(base, exponent); }
FOOTHOLD_HD float SquareRoot(float x) { return sqrtf(x); }
FOOTHOLD_HD double SquareRoot(double x) { return sqrt(x); }

#if defined(__GNUC__) && !defined(__CUDACC__)
#define FOOTHOLD_HAVE_LANES 1

struct Float8;
struct Int8 {
  typedef int32_t Native __attribute__((vector_size(32)));
  Native v;
};

struct Float8 {
  typedef float Native __attribute__((vector_size(32)));
  static constexpr int kLanes = 8;
  Native v;

  Float8() = default;
  Float8(float x) : v(Native{} + x) {}  // NOLINT: numbers mix with lanes as they do with floats.
  explicit Float8(Native native) : v(native) {}
  static Float8 Load(const float* from) {
    Float8 out;
    std::memcpy(&out.v, from, sizeof(out.v));
    return out;
  }
  void Store(float* to) const { std::memcpy(to, &v, sizeof(v)); }
};

inline Float8 operator+(Float8 a, Float8 b) { return Float8(a.v + b.v); }
inline Float8 operator-(Float8 a, Float8 b) { return Float8(a.v - b.v); }
inline Float8 operator*(Float8 a, Float8 b) { return Float8(a.v * b.v); }
inline Float8 operator/(Float8 a, Float8 b) { return Float8(a.v / b.v); }
inline Float8 operator-(Float8 a) { return Float8(-a.v); }
inline Int8 operator<(Float8 a, Float8 b) { return {a.v < b.v}; }
inline Int8 operator|(Int8 a, Int8 b) { return {a.v | b.v}; }
inline Float8 Select(Int8 condition, Float8 a, Float8 b) { return Float8(condition.v ? a.v : b.v); }
inline Float8 Largest(Float8 a, Float8 b) { return Select(a < b, b, a); }
inline Float8 SquareRoot(Float8 x) {
  Float8 out;
  for (int i = 0; i < Float8::kLanes; ++i) out.v[i] = __builtin_sqrtf(x.v[i]);
  return out;
}

inline Float8::Native ToFloat(Int8::Native x) { return __builtin_convertvector(x, Float8::Native); }
inline Int8::Native ToInt(Float8::Native x) { return __builtin_convertvector(x, Int8::Native); }
inline Int8::Native Bits(Float8::Native x) { return std::bit_cast<Int8::Native>(x); }
inline Float8::Native FromBits(Int8::Native x) { return std::bit_cast<Float8::Native>(x); }
#endif

#if defined(__CUDACC__)
__device__ inline float ToFloat(int32_t x) { return static_cast<float>(x); }
__device__ inline int32_t ToInt(float x) { return static_cast<int32_t>(x); }
__device__ inline int32_t Bits(float x) { return __float_as_int(x); }
__device__ inline float FromBits(int32_t x) { return __int_as_float(x); }
#else
inline float ToFloat(int32_t x) { return static_cast<float>(x); }
inline int32_t ToInt(float x) { return static_cast<int32_t>(x); }
inline int32_t Bits(float x) { return std::bit_cast<int32_t>(x); }
inline float FromBits(int32_t x) { return std::bit_cast<float>(x); }
#endif

// log2 of positive normal numbers: exponent, and the series of atanh of the mantissa in [0.7, 1.4).
template <class Number>
FOOTHOLD_HD Number Log2OfPositive(Number x) {
  // Splitting at sqrt(1/2) instead of 1 keeps the series short.
  const auto shifted = Bits(x) - 0x3f3504f3;
  const auto exponent = shifted >> 23;
  const Number mantissa = FromBits((shifted & 0x007fffff) + 0x3f3504f3);
  const Number s = (mantissa - 1.0f) / (mantissa + 1.0f), s2 = s * s;
  const Number series = 1.0f + s2 * (1.0f / 3 + s2 * (1.0f / 5 + s2 * (1.0f / 7 + s2 * (1.0f / 9))));
  return ToFloat(exponent) + 2.885390082f * s * series;
}
// 2^x for |x| < 120.
template <class Number>
FOOTHOLD_HD Number Exp2(Number x) {
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
  const Number whole = (x + 12582912.0f) - 12582912.0f;
  const Number f = x - whole;
  const Number power =
      1.0f +
      f * (0.693147181f +
           f * (0.240226507f +
                f * (0.0555041087f + f * (0.00961812911f + f * (0.00133335581f + f * 0.000154035304f)))));
  return power * FromBits((ToInt(whole) + 127) << 23);
}
FOOTHOLD_HD float FastPow(float base, float exponent) {
  return Exp2(exponent * Log2OfPositive(base));
}
#if defined(FOOTHOLD_HAVE_LANES)
inline Float8 FastPow(Float8 base, Float8 exponent) {
  return Float8(Exp2(exponent.v * Log2OfPositive(base.v)));
}
#endif

// Of positive numbers, to about 1e-7 absolute in float.
FOOTHOLD_HD double NaturalLog(double x) { return std::log(x); }
FOOTHOLD_HD float NaturalLog(float x) { return 0.693147181f * Log2OfPositive(x); }
#if defined(FOOTHOLD_HAVE_LANES)
inline Float8 NaturalLog(Float8 x) { return Float8(0.693147181f * Log2OfPositive(x.v)); }
#endif

}  // namespace foothold
