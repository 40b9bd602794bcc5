// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"
#include "foothold/networks/exported/module_card.h"
#include "fuzz/fuzz_targets.h"

namespace foothold::fuzz {
namespace {

void Run(const std::string& data) {
  try {
    ParseModuleCard(data, "fuzz");
  } catch (const Error&) {
  }
}

std::vector<std::string> Seeds() {
  return {
      R"({"format": "foothold-module", "version": 1, "role": "detect", "torch": "2.11.0", "device": "cpu",)"
      R"( "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
      R"( "inputs": [{"name": "images", "type": "F32", "shape": ["N", 3, "H", 384]}],)"
      R"( "outputs": [{"name": "a", "type": "BF16", "shape": []}, {"name": "b", "type": "I64", "shape": [0]}],)"
      R"( "settings": {"multiple_px": 14, "x": -1.5e3}, "note": "\u00e9"})"};
}

}  // namespace

const FuzzTarget kModuleCard = {"module_card", Run, Seeds};

}  // namespace foothold::fuzz
