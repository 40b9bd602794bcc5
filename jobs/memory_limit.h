// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace foothold {

// Bounds the memory that this process may write to (heap, stacks, private maps; not what it maps from
// files). Beyond it allocations fail. 0: no bound.
void LimitMemory(double memory_gb);

// How often the kernel has killed a process of this machine or container for want of memory; its change
// tells such a kill from another.
long CountMemoryKills();

}  // namespace foothold
