// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "foothold/base/error.h"
#include "foothold/networks/safetensors.h"
#include "fuzz/fuzz_targets.h"

namespace foothold::fuzz {
namespace {

std::string Good() {
  static const uint8_t kBytes[24] = {};
  const std::map<std::string, TensorView> tensors = {{"a.weight", {TensorType::kF32, {2, 3}, kBytes, 24}},
                                                     {"b", {TensorType::kBf16, {4}, kBytes, 8}},
                                                     {"c", {TensorType::kI64, {}, kBytes, 8}},
                                                     {"d", {TensorType::kU8, {0, 7}, kBytes, 0}}};
  return FormatSafetensors(tensors, {{"config", "{\"\\u00e9\": 1}"}});
}

// What a reader hands out lies inside the file: the sum reads all of it.
void Run(const std::string& data) {
  try {
    const SafetensorsFile file = SafetensorsFile::FromBytes(data, "fuzz");
    unsigned sum = 0;
    for (const auto& [name, view] : file.tensors()) {
      for (size_t i = 0; i < view.num_bytes; ++i) sum += view.bytes[i];
    }
    volatile unsigned sink = sum;
    static_cast<void>(sink);
  } catch (const Error&) {
  }
}

std::vector<std::string> Seeds() { return {Good()}; }

}  // namespace

const FuzzTarget kSafetensors = {"safetensors", Run, Seeds};

}  // namespace foothold::fuzz
