// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "foothold/perception/classical/bundle.h"
#include "foothold/perception/classical/frames.h"
#include "foothold/perception/classical/tracks_klt.h"

namespace foothold {

// Feature tracks at the keyframes in square pixels: analysis pixels whose two scales differ by
// rounding are mapped so that both axes have one scale.
struct SparseTracks {
  struct View {
    int keyframe;
    Vec2d pixel;
  };
  int num_keyframes = 0;
  double width_px = 0, height_px = 0;
  std::vector<std::vector<View>> tracks;  // Ascending keyframe, at least two views each.

  Vec2d Center() const { return {0.5 * (width_px - 1), 0.5 * (height_px - 1)}; }
};

// Square pixels from analysis pixels, per axis: square = scale * analysis + offset.
struct SquarePixels {
  double scale_x, scale_y, offset_x, offset_y;
  double square_from_source;  // Common scale of square pixels against source pixels.

  explicit SquarePixels(const ClipFrames& frames);
  Vec2d FromAnalysis(const Vec2f& p) const { return {scale_x * p[0] + offset_x, scale_y * p[1] + offset_y}; }
};

SparseTracks TracksAtKeyframes(const ClipFrames& frames,
                               const std::vector<FeatureTrack>& tracks,
                               const std::vector<int>& keyframes);

// Cameras at keyframes and scene points; the world is the first keyframe's camera, the scale arbitrary.
struct SparseModel {
  LensModel lens;                       // Square pixels.
  std::vector<Rigid3d> cam_from_world;  // Per keyframe; all are registered.
  std::vector<int> point_tracks;        // Track of each point, ascending.
  std::vector<Vec3d> points_in_world;
  double rms_px = 0;                // Reprojection, over the observations kept.
  double cost_per_observation = 0;  // Huber, px^2.
  double parallax_share = 0;        // Of tracks whose first and last view differ by min_parallax_deg.
};

struct SparseOptions {
  double essential_px = 1;          // MAGSAC threshold of the first pair.
  double min_parallax_deg = 0.4;    // Points below are left out ...
  double min_parallax_share = 0.2;  // ... and with fewer tracks above, the clip is rejected (low_parallax).
  double max_point_error_px = 2.5;  // Points with a worse view are left out.
  int min_points = 20;              // Of a keyframe, else the clip is rejected (few_points).
};

// First pair, then keyframe by keyframe: pose from known points, new points, bundle adjustment with
// the lens held at `lens`. Throws Error(kBadInput) with reason low_parallax or few_points.
SparseModel ReconstructIncrementally(const SparseTracks& tracks,
                                     const LensModel& lens,
                                     const SparseOptions& options);

// The bundle problem of a model; observation order: by point, then keyframe.
BundleProblem MakeBundleProblem(const SparseTracks& tracks, const SparseModel& model);

// Point closest to several rays; origins and unit directions in the world.
Vec3d IntersectRays(const std::vector<Vec3d>& origins, const std::vector<Vec3d>& directions);

}  // namespace foothold
