// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/tile_sums.h"

namespace foothold::batch {

// SumTiles on the CPU, eight matches at a time. `shared`: SharedBytes() of the kernel.
template <ReleasedStage kStage, bool kDerivatives>
void RunOnHost(const SumTiles<kStage, kDerivatives>& kernel, int index, void* shared);

}  // namespace foothold::batch
