// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/objective/contact_scale.h"
#include "foothold/objective/contact_static.h"
#include "foothold/objective/variables.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Which foot vertex of the body model (left heel, left toe, right heel, right toe) a vertex is nearest
// to at rest.
int NearestFootVertex(const BodyModel& model, int vertex);

// The piece of pointmap around a pixel as an inverse-depth plane, fitted robustly to the confident
// pixels near it: people hide what they stand on, so the nearest confident pixel is not where the foot
// is, and lies behind it on average. False when there is nothing near.
struct PlaneSearch {
  double min_confidence = 0.1;
  double radius_px = 20;  // Of the first window; doubled up to three times when too empty.
};
bool FitSurface(const Keyframe& keyframe,
                const Pinholed& pinhole,
                const Vec2d& pixel,
                const PlaneSearch& search,
                InverseDepthPlane<double>* plane);

// Contacts of the observations at the bodies' present place, each with the surface under it.
std::vector<ScaleContact> FindScaleContacts(const Variables& variables,
                                            const ParameterView& view,
                                            const Observations& observations,
                                            double min_confidence,
                                            int threads);

// The same stationary vertex at two keyframes in a row.
std::vector<StaticContact> FindStaticContacts(const Variables& variables, const Observations& observations);

}  // namespace foothold
