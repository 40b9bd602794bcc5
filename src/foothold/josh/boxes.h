// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/objective/box_size.h"
#include "foothold/objective/variables.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Boxes that show a whole upright body: away from the image's edges, and much as tall as the initial
// body would be seen (an occluded or sitting person's box says little about distance). Top and bottom
// are the vertices that span the body at its present pose.
std::vector<BoxHeight> FindBoxes(const Variables& variables,
                                 const ParameterView& view,
                                 const Observations& observations,
                                 int threads);

}  // namespace foothold
