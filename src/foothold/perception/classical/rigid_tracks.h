// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/perception/classical/moving_camera.h"
#include "foothold/perception/classical/people.h"

namespace foothold {

// Detectors also fire on doors, posters and shrubs, and such a track is as steady as the building it is
// part of. Under a moving camera the reconstruction tells it from a person: its pixels are those of
// fixed points in space for as long as they can be followed.
struct RigidOptions {
  int min_keyframes = 5;          // A point must be followed this long: a walker's sway shows by then.
  double max_error_px = 1.5;      // Analysis pixels: fixed points reproject within.
  double min_parallax_deg = 0.4;  // Fixed points seen from less far apart say nothing.
  int min_points = 6;             // On the body, else the track is kept.
  double max_rigid_share = 0.7;   // Of the points; a track with more is dropped.
  static const OptionTable& Table();
};

// Points followed on the body of one track.
struct RigidEvidence {
  int num_points = 0;
  int num_rigid = 0;
};

// One entry per track.
std::vector<RigidEvidence> MeasureRigidity(const ClipFrames& frames,
                                           const std::vector<PersonTrack>& tracks,
                                           const std::vector<int>& keyframes,
                                           const CameraSolution& cameras,
                                           const KltOptions& features,
                                           const RigidOptions& options);

// Whether the evidence says that the track is part of the scene.
bool IsRigid(const RigidEvidence& evidence, const RigidOptions& options);

// Drops the tracks that are part of the scene, unless all are: then nobody moves, and people who stand
// still cannot be told from posters. Ids are kept.
void DropRigidTracks(const std::vector<RigidEvidence>& evidence,
                     const RigidOptions& options,
                     std::vector<PersonTrack>* tracks);

}  // namespace foothold
