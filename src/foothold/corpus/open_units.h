// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "foothold/corpus/unit_list.h"

namespace foothold {

// The units of --corpus: those of a manifest, or of a source (sources.h) that nobody scanned. Throws as
// Manifest and ReadCorpus.
std::unique_ptr<UnitList> OpenUnits(const std::string& corpus);

}  // namespace foothold
