// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception/classical/bundle.h"
#include "foothold/perception/classical/frames.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

// The undistorted working image: pinhole and lens, and maps between it and source pixels.
struct WorkingView {
  Pinholed pinhole{0, 0, 0};
  RadialDistortiond distortion{0, 0};
  ImageTransform working_from_source;

  // `lens` in square pixels, of which there are square_from_source per source pixel.
  WorkingView(const ImageTransform& transform, const LensModel& lens, double square_from_source);

  // Normalised undistorted ray (z = 1) of a source pixel.
  Vec3d RayFromSource(const Vec2d& source_px) const;
  Vec2d WorkingFromSource(const Vec2d& source_px) const;
  // Around the undistorted middles of the four sides.
  Box BoxFromSource(const Box& source_px) const;
};

// One keyframe in the undistorted working image.
struct KeyframeImages {
  ImageU8 color;  // RGB.
  ImageU8 gray;
  ImageU8 person_mask;  // 255 on people.
  ImageU8 exclude;      // 255 on people and on pixels that the decoded image does not cover.
};

// `exclude_analysis`: analysis size, 255 on people; empty means nobody.
KeyframeImages UndistortKeyframe(const ClipFrames& frames,
                                 int frame,
                                 const ImageU8& exclude_analysis,
                                 const WorkingView& view);

}  // namespace foothold
