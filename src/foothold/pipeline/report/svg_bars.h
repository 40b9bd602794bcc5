// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace foothold::report {

// Upright bars side by side, from zero: a histogram, or something over time. `first` and `last` stand under
// the ends of the axis. Empty without a bar that is above zero.
std::string UprightBars(const std::vector<double>& values,
                        const std::string& first,
                        const std::string& last,
                        const std::string& what);

// A bar with name and value per line.
std::string LyingBars(const std::vector<std::pair<std::string, double>>& values,
                      int decimals,
                      const std::string& what);

}  // namespace foothold::report
