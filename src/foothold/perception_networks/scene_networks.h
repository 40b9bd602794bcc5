// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception_networks/network_set.h"

namespace foothold {

// 255 on people, by the network of the role 'mask': one mask per picture and of its size.
std::vector<ImageU8> MaskPeopleByNetwork(const NetworkSet& networks,
                                         const std::vector<const ImageU8*>& pictures,
                                         int threads);

// Pointmaps by the network of the role 'depth': three channels, of the pictures' size, in each camera; linear
// between the network's pixels. Empty without such a network.
std::vector<ImageF> PointmapsByNetwork(const NetworkSet& networks,
                                       const std::vector<const ImageU8*>& pictures,
                                       int threads);

}  // namespace foothold
