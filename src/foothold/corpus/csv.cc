// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/csv.h"

#include "foothold/base/error.h"

namespace foothold {

std::vector<CsvRow> ParseCsv(const std::string& text, const std::string& name) {
  std::vector<CsvRow> rows;
  size_t i = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  for (int line = 1; i < text.size(); ++line) {
    CsvRow row{{""}, name + ":" + std::to_string(line)};
    bool quoted = false;
    for (; i < text.size() && (quoted || text[i] != '\n'); ++i) {
      const char c = text[i];
      if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        row.cells.back() += '"';
        ++i;
      } else if (c == '"' && (quoted || row.cells.back().empty())) {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        row.cells.emplace_back();
      } else {
        row.cells.back() += c;
        line += c == '\n';
      }
    }
    if (quoted) throw Error(ErrorKind::kBadInput, row.origin + ": a quote is opened but never closed");
    ++i;
    std::string& last = row.cells.back();
    if (!last.empty() && last.back() == '\r') last.pop_back();
    if (row.cells.size() > 1 || !last.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace foothold
