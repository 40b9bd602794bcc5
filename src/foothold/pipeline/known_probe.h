// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/pipeline/partial_work.h"
#include "foothold/video/video.h"

namespace foothold {

// ProbeVideo, whose pass over the whole file is made once for all parts of a long video and their join: the
// first leaves what it found in the folder of partial work. A file of another size or time is probed anew.
VideoProbe ProbeOnce(const std::string& path, const VideoOptions& options, const PartialWork& partial);

// What ProbeOnce left.
void ForgetProbe(const PartialWork& partial);

}  // namespace foothold
