// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold {

// The rounds of a loop that are evaluated, as a Markdown page with one row each, from their summary.json.
// Throws Error(kBadInput) for one that cannot be read.
std::string LoopTable(const std::string& output);

}  // namespace foothold
