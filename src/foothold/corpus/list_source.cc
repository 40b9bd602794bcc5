// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/list_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/corpus/csv.h"
#include "foothold/corpus/names.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

[[noreturn]] void Fail(const std::string& origin, const std::string& problem) {
  throw Error(ErrorKind::kBadInput, origin + ": " + problem);
}

// A row of a list as text, whatever its form; an empty text stands for a field that is not there.
struct Cells {
  static constexpr std::array<const char*, 9> kNames = {
      "id", "path", "begin", "end", "begin_s", "end_s", "caption", "licence", "priority"};
  std::array<std::string, kNames.size()> texts;

  static size_t IndexOf(const std::string& name) {
    return static_cast<size_t>(std::find(kNames.begin(), kNames.end(), name == "license" ? "licence" : name) -
                               kNames.begin());
  }
  const std::string& operator[](const std::string& name) const { return texts[IndexOf(name)]; }
};

// Throws unless all of `text` is a number of that type.
template <class Number>
bool ParseAll(const std::string& text, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

int FrameIn(const Cells& cells, const char* column, int otherwise, const std::string& origin) {
  const std::string& text = cells[column];
  int frame = otherwise;
  if (!text.empty() && (!ParseAll(text, &frame) || frame < 0))
    Fail(origin, "'" + text + "' in column " + column + " is not a frame number");
  return frame;
}

double SecondsIn(const Cells& cells, const char* column, const std::string& origin) {
  const std::string& text = cells[column];
  double seconds = -1;
  if (!text.empty() && (!ParseAll(text, &seconds) || !std::isfinite(seconds) || seconds < 0))
    Fail(origin, "'" + text + "' in column " + column + " is not a time in seconds");
  return seconds;
}

SourceRow RowOf(const Cells& cells, const std::string& list, const std::string& origin) {
  SourceRow row;
  row.origin = origin;
  row.unit.id = cells["id"];
  const std::string problem = ProblemOfId(row.unit.id);
  if (!problem.empty()) Fail(origin, problem);
  if (cells["path"].empty()) Fail(origin, "the path is empty");
  row.unit.path = RelativeToList(list, cells["path"]);
  row.unit.begin = FrameIn(cells, "begin", 0, origin);
  row.unit.end = FrameIn(cells, "end", -1, origin);
  if (row.unit.end >= 0 && row.unit.end <= row.unit.begin) Fail(origin, "the frame range is empty");
  row.begin_s = SecondsIn(cells, "begin_s", origin);
  row.end_s = SecondsIn(cells, "end_s", origin);
  if (row.end_s >= 0 && row.end_s <= row.begin_s) Fail(origin, "the time range is empty");
  const bool frames = !cells["begin"].empty() || !cells["end"].empty();
  if (frames && (row.begin_s >= 0 || row.end_s >= 0)) Fail(origin, "has both frames and seconds; give one");
  row.caption = cells["caption"];
  row.licence = cells["licence"];
  const std::string& priority = cells["priority"];
  if (!priority.empty() && !ParseAll(priority, &row.unit.priority))
    Fail(origin, "'" + priority + "' in column priority is not a whole number");
  return row;
}

// Strings and numbers as they would stand in a CSV.
std::string TextOf(const Json& value, const std::string& name, const std::string& origin) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  Fail(origin, "field '" + name + "' is neither text nor a number");
}

}  // namespace

std::string RelativeToList(const std::string& list, const std::string& path) {
  return fs::path(path).is_absolute() ? path
                                      : (fs::path(list).parent_path() / path).lexically_normal().string();
}

void AddCsvList(const std::string& list, std::vector<SourceRow>* rows) {
  const std::vector<CsvRow> lines = ParseCsv(ReadFile(list), list);
  if (lines.empty()) Fail(list, "the list is empty; it needs the header id,path");
  const std::vector<std::string>& header = lines.front().cells;
  for (const char* needed : {"id", "path"}) {
    if (std::find(header.begin(), header.end(), needed) == header.end()) {
      Fail(lines.front().origin, std::string("the header has no column '") + needed + "'; it needs id,path");
    }
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const CsvRow& line = lines[i];
    if (line.cells.size() != header.size()) {
      Fail(line.origin,
           "the row has " + std::to_string(line.cells.size()) + " cells, the header " +
               std::to_string(header.size()));
    }
    Cells cells;
    for (size_t k = header.size(); k-- > 0;) {  // Of two columns with one name, the first.
      const size_t index = Cells::IndexOf(header[k]);
      if (index < cells.texts.size()) cells.texts[index] = line.cells[k];
    }
    rows->push_back(RowOf(cells, list, line.origin));
  }
}

void AddJsonList(const std::string& list, std::vector<SourceRow>* rows) {
  std::istringstream lines(ReadFile(list));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string origin = list + ":" + std::to_string(++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) Fail(origin, "is not a JSON object");
    if (json.contains("foothold_manifest"))
      Fail(origin, "this is a manifest, scanned already; use it as it is");
    Cells cells;
    for (const auto& [name, value] : json.items()) {
      const size_t index = Cells::IndexOf(name);
      if (index < cells.texts.size()) cells.texts[index] = TextOf(value, name, origin);
    }
    rows->push_back(RowOf(cells, list, origin));
  }
}

SampleText ReadSampleText(const FilePiece& piece, bool is_json) {
  constexpr uint64_t kMaxSize = 64 << 10;
  std::ifstream file(piece.path, std::ios::binary);
  std::string text(std::min(piece.size, kMaxSize + 1), '\0');
  file.seekg(static_cast<std::streamoff>(piece.offset));
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) || text.size() > kMaxSize) return {};
  if (!IsUtf8(text)) return {};
  if (!is_json) {
    const size_t last = text.find_last_not_of(" \t\r\n");
    return {last == std::string::npos ? "" : text.substr(0, last + 1), ""};
  }
  const Json json = Json::parse(text, nullptr, false);
  const auto field = [&](const char* name, const char* other_name) {
    for (const char* key : {name, other_name}) {
      if (json.is_object() && json.contains(key) && json[key].is_string())
        return json[key].get<std::string>();
    }
    return std::string();
  };
  return {field("caption", "text"), field("licence", "license")};
}

}  // namespace foothold
