// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/base/tar.h"
#include "foothold/corpus/sources.h"

namespace foothold {

// Parts of ReadSources: lists with ids and ranges.
void AddCsvList(const std::string& list, std::vector<SourceRow>* rows);
void AddJsonList(const std::string& list, std::vector<SourceRow>* rows);

// A path in a list, from where the list lies.
std::string RelativeToList(const std::string& list, const std::string& path);

// What a text beside a video in an archive says: a caption, or a JSON object with "caption" (or "text") and
// "licence" (or "license"). Anything else, and more than 64 KiB, says nothing.
struct SampleText {
  std::string caption, licence;
};
SampleText ReadSampleText(const FilePiece& piece, bool is_json);

}  // namespace foothold
