// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "foothold/networks/safetensors.h"

namespace foothold {

// One axis of a declared tensor: a size, or a name such as "N" for a size that is found at run time and is
// the same wherever the name stands.
struct Axis {
  int64_t size = 0;    // Where the name is empty.
  std::string symbol;  // "N", "H", ...
  bool is_symbol() const { return !symbol.empty(); }
};

struct TensorSpec {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<Axis> shape;
};
std::string FormatAxes(const std::vector<Axis>& shape);  // "[N, 3, H, W]"

// Sizes of the names so far.
using AxisSizes = std::map<std::string, int64_t>;

// What is wrong with a tensor of this type and shape under the name of `spec`; empty when it fits. Names that
// are new get their size.
std::string MismatchOf(const TensorSpec& spec,
                       TensorType type,
                       const std::vector<int64_t>& shape,
                       AxisSizes* sizes);

// What forbids a module to declare `card` where a contract says `wanted`; empty when it may. Sizes that the
// contract names must be the same; where it has a symbol, the module may have a size or a symbol of its own.
// Where the contract says F32, F16 and BF16 do too.
std::string ContradictionOf(const TensorSpec& card, const TensorSpec& wanted);

}  // namespace foothold
