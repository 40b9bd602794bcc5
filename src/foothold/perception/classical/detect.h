// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/perception/classical/detect_boxes.h"
#include "foothold/perception/classical/frames.h"
#include "foothold/perception/classical/people.h"

namespace foothold {

// Upright people by histograms of oriented gradients (Dalal and Triggs 2005): the default window of
// OpenCV, and for a moving camera the Daimler window (Enzweiler and Gavrila 2009) beside it. Looks at
// about PeopleOptions::detection_rate_hz frames per second, from frame 0; scores are in units of
// each detector's start threshold. Nothing is gated yet. `journal` may be null.
std::vector<FrameDetections> DetectPeople(const ClipFrames& frames,
                                          CameraRegime regime,
                                          const PeopleOptions& options,
                                          int threads,
                                          Journal* journal);

// The same for one picture on its own, with both windows and nothing known of the camera; boxes in pixels
// of `rgb`. `long_edge_px`: of the image that is looked at.
std::vector<Detection> DetectPeopleInPicture(const ImageU8& rgb, int long_edge_px);

// Detection pixels per analysis pixel.
double DetectionScale(const ClipFrames& frames, CameraRegime regime, const PeopleOptions& options);

}  // namespace foothold
