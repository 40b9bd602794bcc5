// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/corpus.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <map>
#include <sstream>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/corpus/csv.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

struct Entry {
  Unit unit;
  std::string origin;  // For messages: "list.csv:3" or the path.
};

[[noreturn]] void Fail(const std::string& origin, const std::string& problem) {
  throw Error(ErrorKind::kBadInput, origin + ": " + problem);
}

// Ids become folders below the output: no way out of it, nothing hidden, nothing a shell trips over.
std::string ProblemOfId(const std::string& id) {
  if (id.empty()) return "the id is empty";
  if (id.size() > 1000) return "the id is longer than 1000 bytes";
  for (const char c : id) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') return "the id has a control character";
    if (c == '\\') return "the id has a backslash";
  }
  std::istringstream parts(id + "/");
  for (std::string part; std::getline(parts, part, '/');) {
    if (part.empty()) return "the id '" + id + "' begins or ends with / or has //";
    if (part[0] == '.') return "a part of the id '" + id + "' begins with a dot";
    if (part.size() > 200) return "a part of the id is longer than 200 bytes";
  }
  return "";
}

bool IsHidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

void AddFolder(const fs::path& folder, std::vector<Entry>* entries) {
  std::error_code error;
  auto iterator =
      fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink, error);
  for (; !error && iterator != fs::recursive_directory_iterator(); iterator.increment(error)) {
    const fs::path& path = iterator->path();
    if (IsHidden(path)) {
      iterator.disable_recursion_pending();
      continue;
    }
    if (iterator.depth() > 64)
      Fail(path.string(), "folders are nested more than 64 deep; is there a link in a circle?");
    std::error_code ignored;
    if (!HasVideoExtension(path.string()) || fs::is_directory(path, ignored)) continue;
    entries->push_back(
        {Unit{path.lexically_relative(folder).generic_string(), path.string(), 0, -1}, path.string()});
  }
  if (error) Fail(folder.string(), "the folder cannot be read: " + error.message());
}

bool IsGlob(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

// Ids are relative to the folder before the first wildcard.
void AddGlob(const std::string& pattern, std::vector<Entry>* entries) {
  const size_t wildcard = pattern.find_first_of("*?[");
  const size_t slash = pattern.rfind('/', wildcard);
  const fs::path root = slash == std::string::npos ? "." : pattern.substr(0, slash + 1);
  glob_t result{};
  const int code = glob(pattern.c_str(), 0, nullptr, &result);
  const std::vector<std::string> paths(result.gl_pathv, result.gl_pathv + (code == 0 ? result.gl_pathc : 0));
  globfree(&result);
  if (code == GLOB_NOMATCH) Fail(pattern, "no file matches");
  if (code != 0) Fail(pattern, "the pattern cannot be expanded");
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored) || !HasVideoExtension(path)) continue;
    entries->push_back({Unit{fs::path(path).lexically_relative(root).generic_string(), path, 0, -1}, path});
  }
}

// A file, a folder or a glob.
void AddPath(const std::string& path, const std::string& origin, std::vector<Entry>* entries) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    AddFolder(path, entries);
  } else if (IsGlob(path) && !fs::exists(path, ignored)) {
    AddGlob(path, entries);
  } else if (!HasVideoExtension(path)) {
    Fail(origin,
         "'" + path + "' is neither a folder nor a video by its extension; lists end in .csv or .txt");
  } else {
    entries->push_back({Unit{fs::path(path).filename().string(), path, 0, -1}, origin});
  }
}

// A frame number, or `otherwise` where the cell is empty or the column missing.
int FrameIn(const CsvRow& row,
            const std::vector<std::string>& header,
            const std::string& name,
            int otherwise) {
  const auto column = std::find(header.begin(), header.end(), name);
  if (column == header.end()) return otherwise;
  const std::string& text = row.cells[static_cast<size_t>(column - header.begin())];
  if (text.empty()) return otherwise;
  int frame = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), frame);
  if (error != std::errc() || end != text.data() + text.size() || frame < 0) {
    Fail(row.origin, "'" + text + "' in column " + name + " is not a frame number");
  }
  return frame;
}

std::string RelativeTo(const std::string& list, const std::string& path) {
  return fs::path(path).is_absolute() ? path
                                      : (fs::path(list).parent_path() / path).lexically_normal().string();
}

void AddCsv(const std::string& list, std::vector<Entry>* entries) {
  const std::vector<CsvRow> rows = ParseCsv(ReadFile(list), list);
  if (rows.empty()) Fail(list, "the list is empty; it needs the header id,path");
  const auto column = [&](const std::string& name) {
    const auto& header = rows.front().cells;
    const auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end())
      Fail(rows.front().origin, "the header has no column '" + name + "'; it needs id,path");
    return static_cast<size_t>(found - header.begin());
  };
  const size_t id = column("id"), path = column("path");
  for (size_t i = 1; i < rows.size(); ++i) {
    const CsvRow& row = rows[i];
    if (row.cells.size() != rows.front().cells.size()) {
      Fail(row.origin,
           "the row has " + std::to_string(row.cells.size()) + " cells, the header " +
               std::to_string(rows.front().cells.size()));
    }
    if (row.cells[path].empty()) Fail(row.origin, "the path is empty");
    const std::vector<std::string>& header = rows.front().cells;
    const int begin = FrameIn(row, header, "begin", 0), end = FrameIn(row, header, "end", -1);
    if (end >= 0 && end <= begin) Fail(row.origin, "the frame range is empty");
    entries->push_back({{row.cells[id], RelativeTo(list, row.cells[path]), begin, end}, row.origin});
  }
}

void AddTextList(const std::string& list, std::vector<Entry>* entries) {
  std::istringstream lines(ReadFile(list));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string origin = list + ":" + std::to_string(++number);
    const size_t begin = line.find_first_not_of(" \t");
    const size_t end = line.find_last_not_of(" \t\r");
    if (begin == std::string::npos || end == std::string::npos || line[begin] == '#') continue;
    AddPath(RelativeTo(list, line.substr(begin, end + 1 - begin)), origin, entries);
  }
}

}  // namespace

std::string Unit::Key() const {
  std::string readable;
  for (const char c : id.substr(0, 80)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    readable += plain ? c : '_';
  }
  return readable + "-" + HashText(id).substr(0, 16);
}

std::string Corpus::Fingerprint() const {
  std::string text;
  for (const Unit& unit : units) {
    text += unit.id + "\t" + unit.path + "\t" + std::to_string(unit.begin) + ":" + std::to_string(unit.end) +
            "\n";
  }
  return text;
}

bool HasVideoExtension(const std::string& path) {
  static constexpr std::array<const char*, 14> kExtensions = {".mp4",
                                                              ".m4v",
                                                              ".mov",
                                                              ".mkv",
                                                              ".webm",
                                                              ".avi",
                                                              ".mpg",
                                                              ".mpeg",
                                                              ".ts",
                                                              ".mts",
                                                              ".wmv",
                                                              ".flv",
                                                              ".3gp",
                                                              ".ogv"};
  std::string extension = fs::path(path).extension().string();
  std::transform(
      extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Corpus ReadCorpus(const std::string& list) {
  std::vector<Entry> entries;
  const std::string extension = fs::path(list).extension().string();
  std::error_code ignored;
  if (extension == ".csv" && !fs::is_directory(list, ignored)) {
    AddCsv(list, &entries);
  } else if (extension == ".txt" && !fs::is_directory(list, ignored)) {
    AddTextList(list, &entries);
  } else {
    if (!IsGlob(list) && !fs::exists(list, ignored))
      Fail(list, "does not exist; give a folder, a video, a glob or a list");
    AddPath(list, list, &entries);
  }
  if (entries.empty()) Fail(list, "the corpus has no videos");

  std::map<std::string, std::string> origin_of_id;
  Corpus corpus;
  for (Entry& entry : entries) {
    const std::string problem = ProblemOfId(entry.unit.id);
    if (!problem.empty()) Fail(entry.origin, problem);
    const auto [first, is_new] = origin_of_id.emplace(entry.unit.id, entry.origin);
    if (!is_new) {
      Fail(entry.origin,
           "the id '" + entry.unit.id + "' is taken, at " + first->second +
               "; a .csv with id,path gives ids of your own");
    }
    corpus.units.push_back(std::move(entry.unit));
  }
  std::sort(
      corpus.units.begin(), corpus.units.end(), [](const Unit& a, const Unit& b) { return a.id < b.id; });
  return corpus;
}

}  // namespace foothold
