// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/scene/problem_list.h"
#include "foothold/scene/quality.h"
#include "foothold/scene/reconstruction.h"
#include "labels/hdf5.h"

namespace foothold::labels {

// The group `quality`; absent where nothing was measured.
void WriteQuality(Hdf5Writer* writer, const Quality& quality);
Quality ReadQuality(const Hdf5Reader& reader);
void RequireQuality(const Quality& quality, const Reconstruction& reconstruction, ProblemList* list);

}  // namespace foothold::labels
