// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/scene/image.h"
#include "foothold/scene/reconstruction.h"

namespace foothold::report {

struct DepthPicture {
  ImageU8 rgb;                   // Near is red, far is blue; unknown is grey; low confidence is darker.
  double near_m = 0, far_m = 0;  // What the ends of the colours mean; 0 when nothing is known.
};
DepthPicture MakeDepthPicture(const KeyframeDepth& keyframe);

}  // namespace foothold::report
