// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold {

struct CsvRow {
  std::vector<std::string> cells;
  std::string origin;  // "list.csv:3".
};

// Comma-separated values as RFC 4180 has them: cells may be in double quotes, with "" for a quote; a byte
// order mark, CRLF and empty lines are tolerated. Blanks outside quotes belong to the cell. Throws
// Error(kBadInput) for a quote that never closes.
std::vector<CsvRow> ParseCsv(const std::string& text, const std::string& name);

}  // namespace foothold
