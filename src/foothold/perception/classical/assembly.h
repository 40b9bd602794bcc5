// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/perception/classical/classical.h"
#include "foothold/perception/classical/sights.h"

namespace foothold {

// Everything known about a clip before its cameras: shared by the two ways to finish.
struct ClipEvidence {
  const Clip& clip;
  const BodyModel& body;
  const ClassicalOptions& options;
  int threads;
  PhaseTimes* times;
  ClipFrames frames;
  std::vector<int> keyframes;
  std::vector<PersonTrack> tracks;
  PersonMasks masks;                   // Of the keyframes.
  std::vector<FeatureTrack> features;  // Empty for a static camera.
};

// Static or rotating camera: metric scene from people on one plane, cameras fixed, no matches.
Observations ObserveFixedView(const ClipEvidence& evidence, CameraRegime regime, ClassicalFigures* figures);
// Moving camera: bundle adjustment; then dense depth and matches, scaled by people to about metres.
CameraSolution SolveMovingView(const ClipEvidence& evidence);
Observations ObserveMovingView(const ClipEvidence& evidence,
                               CameraSolution cameras,
                               ClassicalFigures* figures);

// Rotation or parallax for a camera known to move. A lens that bends lines breaks the homography of a
// camera that only rotates; where the homography does fairly well, a rotation with its own focal length
// and distortion decides.
CameraRegime MovingRegime(const ClipFrames& frames,
                          const std::vector<FeatureTrack>& features,
                          const std::vector<int>& keyframes,
                          const ClassicalOptions& options,
                          int threads,
                          RegimeFigures* figures);

// Whether a failed reconstruction says that the camera hardly moves.
bool FailedForLackOfParallax(const Error& error);

// Undistorted keyframes with people's masks, in parallel.
std::vector<KeyframeImages> UndistortKeyframes(const ClipEvidence& evidence, const WorkingView& view);

// Writes ground depth around the feet of everybody in the keyframe, where bodies meet the scene, and
// takes those pixels out of the person mask.
void WritePlaneUnderFeet(const ClipEvidence& evidence,
                         const WorkingView& view,
                         const GroundPlane& ground,
                         const Rigid3d& world_from_cam,
                         double confidence,
                         Keyframe* keyframe);

// Adds each flag once, keeping order.
void AddFlag(const std::string& flag, std::vector<std::string>* flags);

// Speeds and depths of placed people; flags speed_implausible.
void MeasurePeople(const std::vector<Rigid3d>& world_from_cam,
                   const Vec3d& up_in_world,
                   const ClipEvidence& evidence,
                   const std::vector<double>& statures_m,
                   Observations* observations,
                   ClassicalFigures* figures);

}  // namespace foothold
