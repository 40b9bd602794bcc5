// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/perception/classical/people.h"
#include "foothold/perception_networks/network_set.h"

namespace foothold {

// Contacts of the feet at the keyframes, into `observations`. By the network of the role 'contact', when
// there is one: vertices of the feet that it gives at least networks.contact_score; those that touch at a
// keyframe before or after too are stationary. Without one: the lowest vertex of the sole that is lower along
// the spines of all people, and of the other one when that is hardly higher, at half confidence and never
// stationary; then people get the flag contacts_assumed.
// Throws Error(kUsage) when the network has another number of vertices than the body model.
void ObserveContacts(const NetworkSet& networks,
                     const ClipFrames& frames,
                     const std::vector<PersonTrack>& tracks,
                     const BodyModel& body,
                     int threads,
                     Observations* observations);

}  // namespace foothold
