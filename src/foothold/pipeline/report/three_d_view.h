// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/scene/body.h"
#include "labels/label.h"

namespace foothold::report {

// Element with the scene of one label: camera path, people as skeletons over time, thinned scene points.
// ThreeDScript(), once per page, brings all of them to life on a plain canvas.
std::string ThreeDElement(const labels::Label& label, const BodyModel& body, int max_points);
std::string ThreeDScript();

}  // namespace foothold::report
