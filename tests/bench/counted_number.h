// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "foothold/geometry/lanes.h"

namespace foothold {

// A float that counts what is done with it, so that flops per match are those of the kernel's source.
// Additions, multiplications, divisions and square roots count one each (a fused multiply-add two);
// comparisons, selections and integer work count nothing.
struct CountedNumber {
  float value;
  inline static int64_t flops = 0;

  CountedNumber() = default;
  CountedNumber(float x) : value(x) {}  // NOLINT: mixes with numbers, as lanes do.
};

inline CountedNumber Counted(float value) {
  ++CountedNumber::flops;
  return value;
}
inline CountedNumber operator+(CountedNumber a, CountedNumber b) { return Counted(a.value + b.value); }
inline CountedNumber operator-(CountedNumber a, CountedNumber b) { return Counted(a.value - b.value); }
inline CountedNumber operator*(CountedNumber a, CountedNumber b) { return Counted(a.value * b.value); }
inline CountedNumber operator/(CountedNumber a, CountedNumber b) { return Counted(a.value / b.value); }
inline CountedNumber operator-(CountedNumber a) { return -a.value; }
inline bool operator<(CountedNumber a, CountedNumber b) { return a.value < b.value; }
inline CountedNumber SquareRoot(CountedNumber x) { return Counted(SquareRoot(x.value)); }
inline int32_t Bits(CountedNumber x) { return Bits(x.value); }
inline int32_t ToInt(CountedNumber x) { return ToInt(x.value); }
inline CountedNumber FastLog2(CountedNumber x) { return Log2OfPositive(x); }
inline CountedNumber FastExp2(CountedNumber x) { return Exp2(x); }

}  // namespace foothold
