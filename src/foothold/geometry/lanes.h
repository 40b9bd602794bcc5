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

// For positive normal x. In float to a few units in the last place of max(1, |result|), by the same
// arithmetic on every machine.
FOOTHOLD_HD double FastLog2(double x) { return std::log2(x); }
// 2^x for |x| < 120.
FOOTHOLD_HD double FastExp2(double x) { return std::exp2(x); }
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
inline Int8 operator&(Int8 a, Int8 b) { return {a.v & b.v}; }
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
  const Number s = (mantissa - 1.0f) / (mantissa + 1.0f), s2 = s * s, s4 = s2 * s2;
  // In pairs: a shorter chain than Horner's.
  const Number series = (1.0f + s2 * (1.0f / 3)) + s4 * ((1.0f / 5 + s2 * (1.0f / 7)) + s4 * (1.0f / 9));
  return ToFloat(exponent) + 2.885390082f * s * series;
}
// 2^x for |x| < 120.
template <class Number>
FOOTHOLD_HD Number Exp2(Number x) {
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
  const Number whole = (x + 12582912.0f) - 12582912.0f;
  const Number f = x - whole, f2 = f * f, f4 = f2 * f2;
  const Number power = ((1.0f + f * 0.693147181f) + f2 * (0.240226507f + f * 0.0555041087f)) +
                       f4 * ((0.00961812911f + f * 0.00133335581f) + f2 * 0.000154035304f);
  return power * FromBits((ToInt(whole) + 127) << 23);
}
// A GPU has both in hardware, to the same few units.
FOOTHOLD_HD float FastLog2(float x) {
#ifdef __CUDA_ARCH__
  return __log2f(x);
#else
  return Log2OfPositive(x);
#endif
}
FOOTHOLD_HD float FastExp2(float x) {
#ifdef __CUDA_ARCH__
  return exp2f(x);
#else
  return Exp2(x);
#endif
}
#if defined(FOOTHOLD_HAVE_LANES)
inline Float8 FastLog2(Float8 x) { return Float8(Log2OfPositive(x.v)); }
inline Float8 FastExp2(Float8 x) { return Float8(Exp2(x.v)); }
#endif

// base^exponent for base > 0, in float to about 1e-6 relative.
template <class T>
FOOTHOLD_HD T FastPow(const T& base, double exponent) {
  return FastExp2(T(exponent) * FastLog2(base));
}

// Of positive numbers, to about 1e-7 absolute in float.
FOOTHOLD_HD double NaturalLog(double x) { return std::log(x); }
FOOTHOLD_HD float NaturalLog(float x) { return 0.693147181f * FastLog2(x); }
#if defined(FOOTHOLD_HAVE_LANES)
inline Float8 NaturalLog(Float8 x) { return Float8(0.693147181f * Log2OfPositive(x.v)); }
#endif

}  // namespace foothold
