// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "labels/label.h"

namespace foothold::report {

// Weighted cost of every term over the accepted iterations of all stages, logarithmic. Empty when the
// solver did not iterate.
std::string CostPlot(const SolverSummary& summary);

// The world from above: camera path with viewing directions, people's paths, scene points, a scale bar.
// Up in the plot is where the first camera looks.
std::string TopDownPlot(const labels::Label& label);

}  // namespace foothold::report
