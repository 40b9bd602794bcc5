// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/learned_perception.h"

#include "foothold/perception_networks/network_perception.h"

namespace foothold {

std::optional<PerceptionMaker> MakeLearnedPerception(const LabelOptions& options) {
  if (options.perception.name != "networks") return std::nullopt;
  return MakeNetworkPerception(options.networks);
}

std::string LearnedPerceptionIdentity(const LabelOptions& options) {
  return options.perception.name == "networks" ? IdentityOfNetworks(options.networks) : "";
}

}  // namespace foothold
