// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/corpus/manifest_row.h"
#include "foothold/pipeline/scan/scan_options.h"

namespace foothold {

// The units of one row: the row itself, or, for a long whole video, parts of equal length, "<id>#0001" and so
// on, and then their join, which has the row's id. A part is a share of the work, side by side with the next:
// what is seen of overlapping pieces (video.part_frames) does not depend on it, so labels do not either. Rows
// with a range of their own stay whole.
std::vector<ManifestRow> CutIntoParts(const ManifestRow& row, const ScanOptions& options);

}  // namespace foothold
