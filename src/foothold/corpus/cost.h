// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/corpus/manifest_row.h"

namespace foothold {

// Seconds that one core needs to label `num_frames` frames of a video: frames x people x resolution, for
// classical perception as measured on two street scenes (docs/corpus.md). Only ratios count for the order of
// work; `foothold corpus plan` scales it by the units that are finished.
double EstimateCost_s(const VideoFacts& facts, int num_frames);

}  // namespace foothold
