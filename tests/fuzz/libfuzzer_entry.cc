// SPDX-License-Identifier: Apache-2.0
// One libFuzzer program per target: FOOTHOLD_FUZZ_TARGET is its name.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  foothold::fuzz::FOOTHOLD_FUZZ_TARGET.run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
