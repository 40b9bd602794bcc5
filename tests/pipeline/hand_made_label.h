// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/scene/body.h"
#include "labels/label.h"

namespace foothold {

// A small label without any perception: two people walk past a camera that moves to the right over a
// floor with a wall behind. 320x240 source, working image 160x112 (cropped), k1 = -0.08.
labels::Label HandMadeLabel(const BodyModel& body, int num_frames);

// A video of its frames: plain, with a bright disk at the projected pelvis of each person, so that
// drawings can be compared with pixels.
void WriteHandMadeVideo(const labels::Label& label, const BodyModel& body, const std::string& path);

}  // namespace foothold
