// SPDX-License-Identifier: Apache-2.0
#include "support/made_modules.h"

#include <torch/csrc/jit/api/module.h>

#include <fstream>

#include "foothold/base/sha256.h"
#include "foothold/networks/exported/exported_module.h"

namespace foothold {

void WriteCard(const std::string& module_path, const std::string& fields) {
  std::ofstream(CardPathOf(module_path), std::ios::binary)
      << "{\"format\": \"foothold-module\", \"version\": 1, \"torch\": \"" << TorchVersion()
      << "\", \"sha256\": \"" << Sha256OfFile(module_path) << "\", " << fields << "}";
}

void MakeScriptModule(const std::string& path, const std::string& script, const std::string& fields) {
  torch::jit::Module module("made");
  module.define(script);
  module.save(path);
  WriteCard(path, fields);
}

}  // namespace foothold
