// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "foothold/base/error.h"

namespace foothold {

// The middle value, of an even number the upper one of the two: always one of the values. Throws
// Error(kContract) without any.
template <class T>
T UpperMedian(std::vector<T> values) {
  FOOTHOLD_CHECK(!values.empty(), "median of nothing");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace foothold
