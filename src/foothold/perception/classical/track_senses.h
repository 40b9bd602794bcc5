// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "foothold/perception/classical/frames.h"
#include "foothold/perception/classical/track.h"

namespace foothold {

// What images tell the tracker about a box. Boxes are in analysis pixels.

// Hue, saturation and value of the torso in 8 x 4 x 4 bins; empty when the torso is outside.
Appearance TorsoColors(const ImageU8& rgb, const Box& box);

// Median L, a, b of head and shoulders, chest, and legs; nothing when one of them is outside.
using ClothesBands = std::array<float, 9>;
std::optional<ClothesBands> MeasureClothes(const ImageU8& rgb, const Box& box);

// Optical flow of torso corners from one frame to a neighbouring one, there and back within 1 px: median
// shift. Quick when frames are asked for in order.
class TorsoFlow {
 public:
  explicit TorsoFlow(const ClipFrames& frames);
  ~TorsoFlow();
  std::optional<BoxMotion> Motion(int from, int to, const Box& box);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foothold
