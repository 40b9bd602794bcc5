// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/corpus/manifest_row.h"
#include "foothold/pipeline/scan/scan_options.h"

namespace foothold {

// The units of one row: the row itself, or, for a long video, parts of equal length, "<id>#0001" and so on,
// each with the first frames of the next one (scan.overlap_s), and then their join, which has the row's id.
std::vector<ManifestRow> CutIntoParts(const ManifestRow& row, const ScanOptions& options);

}  // namespace foothold
