// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "foothold/base/error.h"

namespace foothold {

// A JSON value as a whole number. Throws Error(kBadInput) for anything else: nlohmann's own conversion casts
// every number, and the cast of 1e300 is undefined.
template <class Int, class Json>
Int WholeNumber(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.template get<uint64_t>();
    if (std::in_range<Int>(number)) return static_cast<Int>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.template get<int64_t>();
    if (std::in_range<Int>(number)) return static_cast<Int>(number);
  }
  throw Error(ErrorKind::kBadInput, value.dump() + " is not a whole number in its range");
}

// The same, of the type of what it is for.
template <class Json, class Int>
void ReadWhole(const Json& value, Int* out) {
  *out = WholeNumber<Int>(value);
}

}  // namespace foothold
