// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "foothold/networks/exported/exported_module.h"
#include "foothold/perception/network_options.h"
#include "foothold/perception_networks/pair_network.h"

namespace foothold {

// The files that `options` name, without loading a network: role to path. Throws as NetworkSet does.
std::map<std::string, std::string> FindModules(const NetworkOptions& options);

// All networks of perception, loaded once per process.
class NetworkSet {
 public:
  // Loads and checks all: MASt3R's weights, and from the folder networks.modules for each role ROLE.pt or
  // ROLE.pt2 with its card. Throws Error(kUsage) for options that are missing, Error(kBadInput) for files
  // that are missing or not right, each naming the file and the remedy; Error(kDevice).
  explicit NetworkSet(const NetworkOptions& options);

  const NetworkOptions& options() const { return options_; }
  const PairNetwork& pairs() const { return *pairs_; }
  const ExportedModule& Required(const std::string& role) const { return *modules_.at(role); }
  const ExportedModule* Optional(const std::string& role) const;  // Null where there is none.
  const std::string& identity() const { return identity_; }       // IdentityOfNetworks.
  // Calls of a network that run at once, of `threads` threads: one on a GPU.
  int CallsAtOnce(int threads) const { return options_.device == "cpu" ? threads : 1; }

 private:
  NetworkOptions options_;
  std::string identity_;
  std::unique_ptr<PairNetwork> pairs_;
  std::map<std::string, std::unique_ptr<ExportedModule>> modules_;
};

}  // namespace foothold
