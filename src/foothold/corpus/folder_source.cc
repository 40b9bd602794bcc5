// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/folder_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "foothold/base/tar.h"
#include "foothold/corpus/list_source.h"
#include "foothold/corpus/names.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxDepth = 64;

SourceRow RowOf(const std::string& path, const std::string& name) {
  SourceRow row;
  row.unit.id = IdOfName(name);
  row.unit.path = path;
  row.origin = path;
  return row;
}

void AddRefused(const std::string& path,
                const std::string& name,
                const std::string& reason,
                const std::string& message,
                std::vector<SourceRow>* rows) {
  rows->push_back(RowOf(path, name));
  rows->back().unit.rejected_reason = reason;
  rows->back().unit.rejected_message = message;
}

bool IsTar(const std::string& path) { return fs::path(path).extension() == ".tar"; }

// WebDataset: files of one sample share the name up to the first dot of their last part.
std::string SampleOf(const std::string& name) {
  return name.substr(0, name.find('.', name.rfind('/') == std::string::npos ? 0 : name.rfind('/')));
}

void AddTar(const std::string& path, const std::string& name, std::vector<SourceRow>* rows) {
  std::map<std::string, std::vector<size_t>> videos_of_sample;
  std::vector<std::pair<std::string, TarMember>> texts;
  try {
    TarReader reader(path);
    for (TarMember member; reader.Next(&member);) {
      const std::string extension = fs::path(member.name).extension().string();
      if (HasVideoExtension(member.name)) {
        videos_of_sample[SampleOf(member.name)].push_back(rows->size());
        rows->push_back(RowOf(path + "/" + member.name, name + "/" + member.name));
      } else if (extension == ".txt" || extension == ".json") {
        texts.push_back({extension, member});
      }
    }
  } catch (const Error& error) {
    AddRefused(path, name, error.reason(), error.what(), rows);
  }
  for (const auto& [extension, member] : texts) {
    const auto videos = videos_of_sample.find(SampleOf(member.name));
    if (videos == videos_of_sample.end()) continue;
    const SampleText text = ReadSampleText({path, member.offset, member.size, true}, extension == ".json");
    for (const size_t i : videos->second) {
      if (!text.caption.empty()) (*rows)[i].caption = text.caption;
      if (!text.licence.empty()) (*rows)[i].licence = text.licence;
    }
  }
}

using FolderIdentity = std::pair<dev_t, ino_t>;

class FolderWalk {
 public:
  FolderWalk(fs::path root, std::vector<SourceRow>* rows) : root_(std::move(root)), rows_(rows) {}

  void Visit(const fs::path& folder) {
    struct stat status {};
    if (stat(folder.c_str(), &status) != 0) return;  // Gone meanwhile.
    const FolderIdentity identity{status.st_dev, status.st_ino};
    if (std::find(above_.begin(), above_.end(), identity) != above_.end() || above_.size() >= kMaxDepth) {
      LogWarning(folder.string() + ": a link in a circle, or more than 64 folders deep; not followed");
      return;
    }
    std::error_code error;
    std::vector<fs::path> paths;
    auto iterator = fs::directory_iterator(folder, error);
    for (; !error && iterator != fs::directory_iterator(); iterator.increment(error)) {
      paths.push_back(iterator->path());
    }
    if (error && above_.empty()) {
      throw Error(ErrorKind::kBadInput, folder.string() + ": the folder cannot be read: " + error.message());
    }
    if (error) AddRefused(folder.string(), NameOf(folder), "folder_unreadable", error.message(), rows_);
    above_.push_back(identity);
    for (const fs::path& path : paths) VisitEntry(path);
    above_.pop_back();
  }

 private:
  std::string NameOf(const fs::path& path) const { return path.lexically_relative(root_).generic_string(); }

  void VisitEntry(const fs::path& path) {
    if (path.filename().string().starts_with('.')) return;
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      Visit(path);
    } else {
      AddFile(path.string(), NameOf(path), rows_);
    }
  }

  fs::path root_;
  std::vector<SourceRow>* rows_;
  std::vector<FolderIdentity> above_;
};

}  // namespace

bool AddFile(const std::string& path, const std::string& name, std::vector<SourceRow>* rows) {
  if (IsTar(path)) {
    AddTar(path, name, rows);
  } else if (HasVideoExtension(path)) {
    rows->push_back(RowOf(path, name));
  } else {
    return false;
  }
  return true;
}

void AddFolder(const std::string& folder, std::vector<SourceRow>* rows) {
  FolderWalk(folder, rows).Visit(folder);
}

}  // namespace foothold
