// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/perception/network_options.h"
#include "foothold/perception/perception.h"

namespace foothold {

// Perception by networks (docs/networks.md, "Perception with networks"): MASt3R on pairs of keyframes for
// depth, matches and cameras; exported modules for people. Loads and checks all of them at once. Throws
// Error(kUsage), Error(kBadInput), Error(kDevice) naming what is missing or wrong, and the remedy.
PerceptionMaker MakeNetworkPerception(const NetworkOptions& options);

// What its results follow from beside the options (PerceptionMaker::identity): checksums of weights, modules
// and cards, LibTorch's version. Loads no network, but reads all files; throws as above for cards and
// checksums.
std::string IdentityOfNetworks(const NetworkOptions& options);

}  // namespace foothold
