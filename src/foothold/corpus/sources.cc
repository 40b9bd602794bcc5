// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/sources.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/corpus/folder_source.h"
#include "foothold/corpus/list_source.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const std::string& origin, const std::string& problem) {
  throw Error(ErrorKind::kBadInput, origin + ": " + problem);
}

bool IsGlob(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Ids are relative to the folder before the first wildcard.
void AddGlob(const std::string& pattern, std::vector<SourceRow>* rows) {
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
    if (!IsFolder(path)) AddFile(path, fs::path(path).lexically_relative(root).generic_string(), rows);
  }
}

// A file, a folder or a glob.
void AddPath(const std::string& path, const std::string& origin, std::vector<SourceRow>* rows) {
  std::error_code ignored;
  if (IsFolder(path)) return AddFolder(path, rows);
  if (IsGlob(path) && !fs::exists(path, ignored)) return AddGlob(path, rows);
  const size_t first = rows->size();
  if (!AddFile(path, fs::path(path).filename().string(), rows)) {
    Fail(
        origin,
        "'" + path +
            "' is neither a folder nor a video by its extension; lists end in .csv, .jsonl or .txt, archives "
            "in .tar");
  }
  for (size_t i = first; i < rows->size(); ++i) (*rows)[i].origin = origin;
}

void AddTextList(const std::string& list, std::vector<SourceRow>* rows) {
  std::istringstream lines(ReadFile(list));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string origin = list + ":" + std::to_string(++number);
    const size_t begin = line.find_first_not_of(" \t");
    const size_t end = line.find_last_not_of(" \t\r");
    if (begin == std::string::npos || end == std::string::npos || line[begin] == '#') continue;
    AddPath(RelativeToList(list, line.substr(begin, end + 1 - begin)), origin, rows);
  }
}

void AddSource(const std::string& source, std::vector<SourceRow>* rows) {
  const std::string extension = IsFolder(source) ? "" : fs::path(source).extension().string();
  std::error_code ignored;
  if (extension == ".csv") {
    AddCsvList(source, rows);
  } else if (extension == ".jsonl") {
    AddJsonList(source, rows);
  } else if (extension == ".txt") {
    AddTextList(source, rows);
  } else if (!IsGlob(source) && fs::symlink_status(source, ignored).type() == fs::file_type::not_found) {
    Fail(source, "does not exist; give a folder, a video, a glob or a list");
  } else {
    AddPath(source, source, rows);
  }
}

}  // namespace

std::vector<SourceRow> ReadSources(const std::vector<std::string>& sources) {
  std::vector<SourceRow> rows;
  for (const std::string& source : sources) AddSource(source, &rows);
  if (rows.empty()) Fail(sources.empty() ? "corpus" : sources.front(), "the corpus has no videos");
  std::stable_sort(
      rows.begin(), rows.end(), [](const SourceRow& a, const SourceRow& b) { return a.unit.id < b.unit.id; });
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].unit.id != rows[i - 1].unit.id) continue;
    Fail(rows[i].origin,
         "the id '" + rows[i].unit.id + "' is taken, at " + rows[i - 1].origin +
             "; a .csv with id,path gives ids of your own");
  }
  return rows;
}

}  // namespace foothold
