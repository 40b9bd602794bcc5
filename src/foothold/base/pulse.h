// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace foothold {

// Signs of progress of this process, for a watchdog: any step of a loop that ends counts, whatever it did.
// Parallel loops and iterations of the optimiser give them by themselves; other loops that may run for
// minutes call Pulse. Safe from any thread.
void Pulse();
uint64_t PulseCount();

}  // namespace foothold
