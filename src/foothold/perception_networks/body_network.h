// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception/classical/people.h"
#include "foothold/perception/classical/working_views.h"
#include "foothold/perception_networks/network_set.h"

namespace foothold {

// Bodies by the network of the role 'body', from a crop of each person in each frame, placed by the camera of
// the crop and the focal length of `view`. One shape per person: the mean over their frames. Frames that the
// network places nowhere (size of zero) are left out, people without any too.
std::vector<PersonObservations> ObserveBodies(const NetworkSet& networks,
                                              const ClipFrames& frames,
                                              const std::vector<PersonTrack>& tracks,
                                              const WorkingView& view,
                                              int threads);

}  // namespace foothold
