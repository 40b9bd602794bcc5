// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception/classical/ground.h"
#include "foothold/perception/classical/initial_body.h"
#include "foothold/perception/classical/people.h"
#include "foothold/perception/classical/working_views.h"

namespace foothold {

// Feet and head of one person in one frame, source pixels.
struct Sight {
  int frame = 0;
  double time_s = 0;
  Vec2d foot_px{0, 0}, head_px{0, 0};
  bool measured = false;  // From a whole silhouette, not from the box.
  bool inside = false;    // Away from the image border.
};

// One sight per frame of a track. Where a silhouette is whole it is used; elsewhere the box, shifted by
// the track's median difference between silhouettes and boxes.
std::vector<Sight> SightsOf(const PersonTrack& track,
                            const std::vector<Silhouette>& silhouettes,
                            const Clip& clip);

// Cameras and scene that bodies are placed in; metres.
struct PlacementScene {
  const WorkingView* view;
  const std::vector<Rigid3d>* world_from_cam;  // Per frame, metric.
  GroundPlane ground;                          // When not known, up is the first camera's up.
  bool depth_from_plane = false;               // Feet on the plane; else depth from the height in the image.
};

// Foot position of each sight in its camera, metres; smoothed over time. Sights without an answer (feet
// above the horizon) get a zero depth.
std::vector<Vec3d> FeetInCamera(const std::vector<Sight>& sights,
                                const PlacementScene& scene,
                                double stature_m,
                                const BodyOptions& options);

// The observations of one person: boxes, upright bodies, contacts. Frames without an answer are left out.
PersonObservations PlacePerson(const PersonTrack& track,
                               const std::vector<Sight>& sights,
                               const PlacementScene& scene,
                               const UprightBody& body,
                               const std::vector<int>& keyframes,
                               const BodyOptions& options);

}  // namespace foothold
