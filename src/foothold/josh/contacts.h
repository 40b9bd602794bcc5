// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/josh/support_surface.h"
#include "foothold/objective/contact_scale.h"
#include "foothold/objective/contact_static.h"
#include "foothold/objective/variables.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Which foot vertex of the body model (left heel, left toe, right heel, right toe) a vertex is nearest
// to at rest.
int NearestFootVertex(const BodyModel& model, int vertex);

// A foot that touches something, with every surface that it might be.
struct FootContact {
  int body = 0;                          // Into Variables::bodies.
  std::vector<const Contact*> contacts;  // Of the observations.
  Vec3d center_in_cam;                   // Mean of the touching vertices.
  std::vector<SupportSurface> surfaces;  // Not empty.
};

// Feet of all bodies at their present place. Up is known from the ground, or else from the people.
std::vector<FootContact> FindFootContacts(const Variables& variables,
                                          const ParameterView& view,
                                          const Observations& observations,
                                          double min_confidence,
                                          int threads);

// Log factor that takes the scene to metres: the most frequent ratio of foot depth to surface depth
// over all feet and surfaces. The mode, as wrong surfaces and hidden feet err to one side. False
// without contacts.
bool MetricScale(const Variables& variables,
                 const ParameterView& view,
                 const std::vector<FootContact>& feet,
                 double* log_factor);

// For each foot the surface that explains it best at the present scale, within a gate of 3
// `tolerance` (of the log depth ratio); feet without one are dropped: hidden by something nearer, or
// in the air.
std::vector<ScaleContact> ChooseSurfaces(const Variables& variables,
                                         const ParameterView& view,
                                         const std::vector<FootContact>& feet,
                                         double tolerance);

// The same stationary vertex at two keyframes in a row.
std::vector<StaticContact> FindStaticContacts(const Variables& variables, const Observations& observations);

}  // namespace foothold
