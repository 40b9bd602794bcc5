// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/network_set.h"

#include <filesystem>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/log.h"
#include "foothold/perception_networks/network_perception.h"
#include "foothold/perception_networks/role_contracts.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// The file of a role, or nothing.
std::string ModulePath(const std::string& folder, const std::string& role) {
  const std::string script = (fs::path(folder) / (role + ".pt")).string();
  const std::string package = script + "2";
  const bool has_script = fs::exists(script), has_package = fs::exists(package);
  if (has_script && has_package) {
    throw Error(ErrorKind::kBadInput,
                folder + ": holds both " + role + ".pt and " + role + ".pt2; take one of them away");
  }
  return has_script ? script : has_package ? package : "";
}

}  // namespace

std::map<std::string, std::string> FindModules(const NetworkOptions& options) {
  if (options.mast3r.empty() || options.modules.empty()) {
    throw Error(ErrorKind::kUsage,
                std::string("networks.") + (options.mast3r.empty() ? "mast3r" : "modules") +
                    " is missing: perception 'networks' needs weights of MASt3R and a folder of exported "
                    "modules (docs/networks.md)");
  }
  if (!fs::is_directory(options.modules)) {
    throw Error(
        ErrorKind::kUsage,
        "networks.modules: '" + options.modules + "' is no folder; give that of the exported modules");
  }
  std::map<std::string, std::string> paths;
  for (const std::string& role : AllRoles()) {
    const std::string path = ModulePath(options.modules, role);
    if (!path.empty()) paths[role] = path;
    if (!path.empty() || !IsRequired(role)) continue;
    throw Error(ErrorKind::kBadInput,
                options.modules + ": has neither " + role + ".pt nor " + role +
                    ".pt2; perception 'networks' cannot do without (docs/networks.md says what to export)");
  }
  return paths;
}

std::string IdentityOfNetworks(const NetworkOptions& options) {
  const std::map<std::string, std::string> paths = FindModules(options);
  std::string identity =
      "# networks: torch " + TorchVersion() + "\n# networks: mast3r " + HashFile(options.mast3r) + "\n";
  for (const std::string& role : AllRoles()) {
    const auto found = paths.find(role);
    identity += "# networks: " + role + " ";
    if (found == paths.end()) {
      identity += "none\n";
      continue;
    }
    const ModuleCard card = ReadModuleCard(found->second, ContractOf(role));
    identity += fs::path(found->second).extension().string() + " sha256 " + card.sha256 + ", card " +
                HashFile(CardPathOf(found->second)) + "\n";
  }
  return identity;
}

NetworkSet::NetworkSet(const NetworkOptions& options)
    : options_(options), identity_(IdentityOfNetworks(options)) {
  for (const auto& [role, path] : FindModules(options)) {
    modules_[role] = std::make_unique<ExportedModule>(path, ContractOf(role), options.device);
  }
  pairs_ = LoadMast3r(options.mast3r, options.device, options.precision);
  LogInfo("networks: MASt3R and " + std::to_string(modules_.size()) + " modules from " + options.modules);
}

const ExportedModule* NetworkSet::Optional(const std::string& role) const {
  const auto found = modules_.find(role);
  return found == modules_.end() ? nullptr : found->second.get();
}

}  // namespace foothold
