// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/part_files.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "foothold/base/atomic_file.h"
#include "foothold/base/log.h"
#include "labels/observation_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr char kSeen[] = ".observations.h5";
constexpr char kFailed[] = ".failed.json";

void MakeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw StorageError(folder, "the folder cannot be made", error.value());
}

}  // namespace

std::string PartFiles::Path(const FrameRange& range, const std::string& extension) const {
  char name[64];
  std::snprintf(name, sizeof name, "part-%09d-%09d.", range.begin, range.end);
  return folder_ + "/" + name + identity_hash_ + extension;
}

bool PartFiles::Has(const FrameRange& range) const {
  return fs::exists(Path(range, kSeen)) || fs::exists(Path(range, kFailed));
}

void PartFiles::Keep(const FrameRange& range, const Observations& observations) const {
  MakeFolder(folder_);
  labels::WriteObservations(observations, Path(range, kSeen));
}

void PartFiles::Fail(const Failure& failure) const {
  MakeFolder(folder_);
  const nlohmann::ordered_json json = {{"reason", failure.reason}, {"message", failure.message}};
  WriteFileAtomically(Path(failure.range, kFailed),
                      json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::vector<PartFiles::File> PartFiles::Files(const FrameRange& within, const std::string& extension) const {
  std::vector<File> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder_, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    File file{entry->path().string(), {}};
    if (std::sscanf(name.c_str(), "part-%9d-%9d.", &file.range.begin, &file.range.end) != 2) continue;
    if (file.path != Path(file.range, extension)) continue;  // Of another identity or kind.
    if (file.range.begin >= within.begin && file.range.end <= within.end) files.push_back(file);
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

std::vector<Observations> PartFiles::Read(const FrameRange& within) const {
  std::vector<Observations> parts;
  for (const File& file : Files(within, kSeen)) {
    try {
      parts.push_back(labels::ReadObservations(file.path));
    } catch (const Error& error) {
      LogWarning(std::string(error.what()) + "; the part is missing");
      unlink(file.path.c_str());
    }
  }
  return parts;
}

std::vector<PartFiles::Failure> PartFiles::Failures(const FrameRange& within) const {
  std::vector<Failure> failures;
  for (const File& file : Files(within, kFailed)) {
    const auto json = nlohmann::json::parse(ReadFile(file.path), nullptr, false);
    if (!json.is_object()) continue;
    failures.push_back({file.range, json.value("reason", "bad_input"), json.value("message", "")});
  }
  return failures;
}

void PartFiles::Remove(const FrameRange& within) const {
  for (const char* extension : {kSeen, kFailed}) {
    for (const File& file : Files(within, extension)) unlink(file.path.c_str());
  }
  rmdir(folder_.c_str());
}

}  // namespace foothold
