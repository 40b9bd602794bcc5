// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/perception/classical/self_calibration.h"
#include "foothold/perception/classical/sparse_model.h"

namespace foothold {

// Cameras of every frame. The lens is in square pixels (sparse_model.h), the world is the first
// frame's camera and its scale arbitrary (1 for a camera that only rotates: it has no translation).
struct CameraSolution {
  LensModel lens;
  bool focal_observable = false;
  std::vector<Rigid3d> world_from_cam;  // Per frame.
  std::vector<Vec3d> points_in_world;   // Sparse scene; empty for rotation.
  double rms_px = 0;
  double p80_px = 0;  // Rotation: 80th percentile of the errors.
  LensCalibration calibration;
  std::vector<std::string> flags;  // focal_ambiguous, reprojection_high.
};

// Self-calibrated bundle adjustment over the keyframes; the other frames by pose from known points.
// Throws Error(kBadInput) with reason low_parallax or few_points.
CameraSolution SolveMovingCamera(const ClipFrames& frames,
                                 const std::vector<FeatureTrack>& tracks,
                                 const std::vector<int>& keyframes,
                                 const CalibrationOptions& options,
                                 int threads);

// The same for a camera that only rotates: all translations are zero. A focal length that the rotation
// does not show is left for the caller to find (focal_ambiguous).
CameraSolution SolveRotatingCamera(const ClipFrames& frames,
                                   const std::vector<FeatureTrack>& tracks,
                                   const std::vector<int>& keyframes,
                                   const CalibrationOptions& options,
                                   int threads);

// Rotations again for a given lens.
void SolveRotations(const ClipFrames& frames,
                    const std::vector<FeatureTrack>& tracks,
                    const std::vector<int>& keyframes,
                    const LensModel& lens,
                    CameraSolution* solution);

// The core of the above on square-pixel tracks: keyframe poses, points and lens.
struct KeyframeSolution {
  SparseModel model;
  LensCalibration calibration;
};
KeyframeSolution SolveKeyframes(const SparseTracks& tracks, const CalibrationOptions& options, int threads);

}  // namespace foothold
