// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "foothold/networks/exported/tensor_spec.h"

namespace foothold {

// What is declared of an exported network, in a JSON file beside it: detect.pt and detect.pt.json
// (docs/networks.md, "Perception with networks"). Needs no LibTorch.
struct ModuleCard {
  std::string role;            // "detect", "body", ...
  std::string sha256;          // Of the module's file.
  std::string torch;           // Version that exported it, "2.11.0".
  std::string device = "any";  // "cpu", "cuda" or "any": where it runs.
  std::vector<TensorSpec> inputs, outputs;
  std::map<std::string, double> settings;  // Of the role, such as the size of its images.
};

// What a role wants of a module. Outputs named in `optional_outputs` may be left out.
struct ModuleContract {
  std::string role;
  std::vector<TensorSpec> inputs, outputs, optional_outputs;
  std::map<std::string, double> settings;  // Names that a card may set, with what holds where it does not.
};

std::string CardPathOf(const std::string& module_path);  // module_path + ".json"

// Throws Error(kBadInput) naming `origin`, the field and the remedy.
ModuleCard ParseModuleCard(const std::string& json, const std::string& origin);

// The card of the module at `module_path`, held against the contract and the file itself. Throws
// Error(kBadInput) for a missing module or card, a card that is malformed or of another role, tensors or
// settings that the contract does not allow, and a module whose checksum is not the card's. Settings that
// the card leaves out are filled in.
ModuleCard ReadModuleCard(const std::string& module_path, const ModuleContract& contract);

}  // namespace foothold
