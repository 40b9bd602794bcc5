// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/pipeline/video_work.h"

namespace foothold {

// Perception of the clips' frames in each of some parts of the video, into part files (part_files.h); what is
// there is left alone. A piece of a clip begins on the clip's keyframe grid; one that the neighbouring part
// holds whole is left out. One outcome per piece: kDone, kAlreadyDone, or why it failed.
std::vector<ClipOutcome> ObservePieces(const VideoWork& work,
                                       const std::vector<Clip>& clips,
                                       const std::vector<FrameRange>& parts);

// What the part files show of a clip, as runs of frames without a hole, usually one. Throws Error(kBadInput)
// with the first part's reason when nothing was seen, and with parts_missing when there is not even a reason.
struct SeenStretch {
  Clip clip;
  Observations observations;
};
std::vector<SeenStretch> JoinPieces(const VideoWork& work, const Clip& clip);

}  // namespace foothold
