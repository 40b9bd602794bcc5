// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/corpus/sources.h"

namespace foothold {

// Parts of ReadSources. A video, or the videos of a tar archive; false, and nothing is added, for another
// extension. `name`: what ids are made from.
bool AddFile(const std::string& path, const std::string& name, std::vector<SourceRow>* rows);

// Everything below a folder. Throws Error(kBadInput) when the folder itself cannot be read.
void AddFolder(const std::string& folder, std::vector<SourceRow>* rows);

}  // namespace foothold
