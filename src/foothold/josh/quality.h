// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/objective/contact_scale.h"
#include "foothold/objective/matches.h"
#include "foothold/objective/variables.h"
#include "foothold/scene/quality.h"
#include "foothold/solver/levenberg_marquardt.h"

namespace foothold {

// Residuals of keyframes and people at the final state. `contacts` are those of the last stage.
Quality MeasureFit(const Variables& variables,
                   const ParameterView& view,
                   const std::vector<MatchedPair>& pairs,
                   const std::vector<ScaleContact>& contacts,
                   int threads);

// Adds what the normal equations say of the focal length and of the whole; `terms` as in the stage in which
// the focal length and the scales are free. `prior_sigma`: of the log focal length.
void MeasureObservability(const Variables& variables,
                          const std::vector<WeightedTerm>& terms,
                          const std::vector<double>& values,
                          double prior_sigma,
                          int threads,
                          Quality* quality);

}  // namespace foothold
