// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/exported/tensor_spec.h"

namespace foothold {
namespace {

std::string Number(size_t value) { return std::to_string(value); }

}  // namespace

std::string FormatAxes(const std::vector<Axis>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + (shape[i].is_symbol() ? shape[i].symbol : std::to_string(shape[i].size));
  }
  return text + "]";
}

std::string MismatchOf(const TensorSpec& spec,
                       TensorType type,
                       const std::vector<int64_t>& shape,
                       AxisSizes* sizes) {
  const std::string is = "'" + spec.name + "' is " + NameOf(type) + " " + FormatShape(shape) +
                         ", declared is " + NameOf(spec.type) + " " + FormatAxes(spec.shape);
  if (type != spec.type) return is;
  if (shape.size() != spec.shape.size()) return is;
  for (size_t i = 0; i < shape.size(); ++i) {
    const Axis& axis = spec.shape[i];
    const int64_t expected =
        axis.is_symbol() ? sizes->try_emplace(axis.symbol, shape[i]).first->second : axis.size;
    if (shape[i] == expected) continue;
    return is + (axis.is_symbol() ? ", and " + axis.symbol + " is " + std::to_string(expected) + " elsewhere"
                                  : "");
  }
  return "";
}

std::string ContradictionOf(const TensorSpec& card, const TensorSpec& wanted) {
  const std::string rule =
      "; it must be " + std::string(NameOf(wanted.type)) + " " + FormatAxes(wanted.shape);
  const bool is_floating =
      card.type == TensorType::kF32 || card.type == TensorType::kF16 || card.type == TensorType::kBf16;
  // Where float32 is wanted, the shorter kinds do: they are converted.
  const bool type_fits = card.type == wanted.type || (wanted.type == TensorType::kF32 && is_floating);
  if (!type_fits) return std::string("type is ") + NameOf(card.type) + rule;
  if (card.shape.size() != wanted.shape.size()) {
    return "shape " + FormatAxes(card.shape) + " has " + Number(card.shape.size()) + " axes" + rule;
  }
  for (size_t i = 0; i < card.shape.size(); ++i) {
    if (wanted.shape[i].is_symbol()) continue;
    if (card.shape[i].is_symbol() || card.shape[i].size != wanted.shape[i].size) {
      return "shape " + FormatAxes(card.shape) + rule;
    }
  }
  return "";
}

}  // namespace foothold
