// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "foothold/base/error.h"

namespace foothold {

// A JSON value as a whole number; false, and *out as it was, for anything else. nlohmann's own conversion
// casts every number, and the cast of 1e300 is undefined.
template <class Json, class Int>
bool ReadIfWhole(const Json& value, Int* out) {
  const auto take = [out](auto number) {
    if (!std::in_range<Int>(number)) return false;
    *out = static_cast<Int>(number);
    return true;
  };
  if (value.is_number_unsigned()) return take(value.template get<uint64_t>());
  return value.is_number_integer() && take(value.template get<int64_t>());
}

// The same. Throws Error(kBadInput) for anything else.
template <class Int, class Json>
Int WholeNumber(const Json& value) {
  Int number = 0;
  if (ReadIfWhole(value, &number)) return number;
  throw Error(ErrorKind::kBadInput, value.dump() + " is not a whole number in its range");
}

// The same, of the type of what it is for.
template <class Json, class Int>
void ReadWhole(const Json& value, Int* out) {
  *out = WholeNumber<Int>(value);
}

}  // namespace foothold
