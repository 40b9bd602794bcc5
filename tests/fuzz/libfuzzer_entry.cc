// SPDX-License-Identifier: Apache-2.0
// One libFuzzer program per target: FOOTHOLD_FUZZ_TARGET is its name. Started with an empty folder as
// corpus, it puts the target's seeds there first.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz/fuzz_targets.h"

namespace {

const foothold::fuzz::FuzzTarget& Target() { return foothold::fuzz::FOOTHOLD_FUZZ_TARGET; }

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  namespace fs = std::filesystem;
  const fs::path corpus = (*argv)[*argc - 1];
  if (*argc < 2 || !fs::is_directory(corpus) || !fs::is_empty(corpus)) return 0;
  int index = 0;
  for (const std::string& seed : Target().seeds()) {
    std::ofstream(corpus / ("seed" + std::to_string(index++)), std::ios::binary) << seed;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Target().run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
