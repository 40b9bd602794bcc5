// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold {

// Small exported networks, made here rather than stored. Needs LibTorch.

// Saves a TorchScript module with the method `forward` of `script` (Python), and beside it its card: `fields`
// is the JSON of the card from "role" on ("\"role\": \"detect\", \"inputs\": [...], ..."); format, version,
// torch and sha256 are added.
void MakeScriptModule(const std::string& path, const std::string& script, const std::string& fields);

// The card alone, of the file as it is now.
void WriteCard(const std::string& module_path, const std::string& fields);

}  // namespace foothold
