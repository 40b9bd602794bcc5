// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/perception/classical/people.h"
#include "foothold/perception_networks/network_set.h"

namespace foothold {

// People by the network of the role 'detect', joined to tracks as the classical back end does: by place,
// motion of the torso and clothes. Looks at PeopleOptions::detection_rate_hz frames per second.
std::vector<PersonTrack> TrackPeopleByNetwork(const NetworkSet& networks,
                                              const ClipFrames& frames,
                                              const PeopleOptions& options,
                                              int threads);

}  // namespace foothold
