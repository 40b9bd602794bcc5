// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold {

struct LabelOptions;

// A unit that runs out of memory is tried again one rung lower. Rung 0 is what was asked for; 1 takes one
// thread and keeps matches on disk, which changes no byte; 2 and 3 look at smaller pictures, which does, and
// the label says so.
struct MemoryRung {
  std::vector<std::string> flags;  // For the label: "memory_reduced" from rung 2 on.
  std::string note;                // For its provenance: "memory rung 2: ..."; empty above.
};
inline constexpr int kLastMemoryRung = 3;

// Reduces the options as the rung says.
MemoryRung StepDown(int rung, LabelOptions* options);

}  // namespace foothold
