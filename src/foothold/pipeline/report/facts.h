// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/scene/body.h"
#include "labels/label.h"

namespace foothold::report {

// Numbers about a label that tell at a glance whether it is plausible. Everything is computed from the
// label alone.
struct CameraFacts {
  double path_m = 0;  // Length of the camera's path.
  double median_speed_m_s = 0;
  double field_of_view_deg = 0;  // Horizontal, of the working image.
  double median_scale = 0;       // Of the keyframes' depth.
  double scale_spread = 0;       // Standard deviation over mean of the keyframes' scales.
};
CameraFacts MakeCameraFacts(const labels::Label& label);

struct PersonFacts {
  int id = 0;
  int num_frames = 0;
  double stature_m = 0;         // Height of the body at rest.
  double path_m = 0;            // Of the pelvis, horizontally.
  double median_speed_m_s = 0;  // Of the pelvis, horizontally, over half-second windows.
  double foot_slide_mm = 0;     // Median movement per frame of heels and toes in contact; NaN without any.
  double confidence = 0;        // Mean.
  std::vector<std::string> flags;
};
std::vector<PersonFacts> MakePeopleFacts(const labels::Label& label, const BodyModel& body);

std::vector<Vec3d> CameraPath(const Reconstruction& scene);
double PathLength(const std::vector<Vec3d>& path);

// What a flag means, in one sentence; empty for an unknown one.
std::string ExplainFlag(const std::string& flag);

}  // namespace foothold::report
