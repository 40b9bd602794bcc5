// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/objective/contact_residual.h"
#include "foothold/scene/observations.h"

namespace foothold {

// A surface near a foot that could carry it.
struct SupportSurface {
  InverseDepthPlane<double> plane;
  double share = 0;  // Of the confident pixels near the foot that lie on it, 0..1.
};

struct SurfaceSearch {
  Vec3d up_in_cam{0, -1, 0};  // Unit; a few degrees off does no harm.
  double min_confidence = 0.1;
  double radius_px = 20;  // Of the first window; doubled up to three times when too empty.
};

// Level surfaces seen around a pixel, by descending share. People hide what they stand on, so the
// nearest confident pixel is not where the foot is, and what surrounds a foot need not be one surface:
// treads and risers of stairs, kerbs, an obstacle in front. The heights of the pixels along `up_in_cam`
// have a peak for every level surface, while walls and risers are spread out; each peak gives a plane,
// refined to its own slope.
std::vector<SupportSurface> FindSupportSurfaces(const Keyframe& keyframe,
                                                const Pinholed& pinhole,
                                                const Vec2d& pixel,
                                                const SurfaceSearch& search);

}  // namespace foothold
