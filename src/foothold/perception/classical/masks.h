// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "foothold/perception/classical/frames.h"
#include "foothold/perception/classical/people.h"

namespace foothold {

// Values of a foreground image.
inline constexpr uint8_t kBackground = 0, kShadow = 127, kForeground = 255;

// Sets to 255 every pixel that the mask (0 or 255) encloses: not connected to the border outside it.
void FillHoles(ImageU8* mask);

// One person in one foreground image, all in its pixels.
struct SilhouetteMask {
  int x = 0, y = 0;  // Of the mask's top-left pixel.
  ImageU8 mask;      // 255 on the person; empty when hardly anything is there.
  Silhouette figures;
};

// Foreground connected around `box`: "shadow" in the middle of the box counts as person (black
// clothes look like one), holes are filled, and columns nearer to one of `others` (boxes of the other
// people in the frame) are left to them.
SilhouetteMask CutOutPerson(const ImageU8& foreground, const Box& box, const std::vector<Box>& others);

// Foreground of every `step`-th frame, in ascending order: Gaussian mixtures per pixel (Zivkovic 2004)
// learned in a first pass. A rotating camera's frames are laid over the middle one by homographies of
// features outside `people`.
class ForegroundFrames {
 public:
  ForegroundFrames(const ClipFrames& frames,
                   CameraRegime regime,
                   const std::vector<PersonTrack>& people,
                   int step = 1);
  ~ForegroundFrames();
  // 0, 127 (shadow) or 255 per analysis pixel; `step` frames on at each call. Empty when the frame could
  // not be laid over the others.
  ImageU8 Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foothold
