// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "foothold/pipeline/label_video.h"

namespace foothold {

// Runs `work`, turning an exception that concerns only this clip, or memory that does not suffice, into the
// outcome. Storage, device, network and usage errors pass.
void RunIntoOutcome(ClipOutcome* outcome, const std::function<void()>& work);

}  // namespace foothold
