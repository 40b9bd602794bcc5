// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/scan_journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <utility>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"

namespace foothold {
namespace {

// Of a file, or of the archive that holds it.
std::string StateOf(const std::string& path) {
  struct stat status {};
  const size_t archive_end = path.rfind(".tar/");
  const std::string file = archive_end == std::string::npos ? path : path.substr(0, archive_end + 4);
  if (stat(path.c_str(), &status) != 0 && stat(file.c_str(), &status) != 0) return "missing";
  return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec) + " " + std::to_string(status.st_mode);
}

}  // namespace

ScanJournal::ScanJournal(std::string path, const std::string& options, std::vector<ManifestRow>* rows)
    : path_(std::move(path)), known_(rows->size(), 0), file_(nullptr, &std::fclose) {
  for (const ManifestRow& row : *rows) {
    keys_.push_back(HashText(FormatManifestRow(row) + "\n" + StateOf(row.unit.path) + "\n" + options));
  }
  Read(rows);
  file_.reset(std::fopen(path_.c_str(), "ab"));
  if (file_ == nullptr) throw StorageError(path_, "cannot be written", errno);
  std::fputc('\n', file_.get());  // Ends a line that was cut off.
}

void ScanJournal::Read(std::vector<ManifestRow>* rows) {
  std::unordered_map<std::string, size_t> row_of_key;
  for (size_t i = 0; i < keys_.size(); ++i) row_of_key[keys_[i]] = i;
  std::ifstream file(path_, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const size_t space = line.find(' ');
    const auto found = row_of_key.find(line.substr(0, space));
    if (space == std::string::npos || found == row_of_key.end()) continue;
    try {
      (*rows)[found->second] = ParseManifestRow(line.substr(space + 1), path_);
      known_[found->second] = 1;
    } catch (const Error&) {  // Cut off; looked at again.
    }
  }
}

void ScanJournal::Add(size_t index, const ManifestRow& row) {
  const std::string line = keys_[index] + " " + FormatManifestRow(row) + "\n";
  const std::lock_guard lock(mutex_);
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0)
    throw StorageError(path_, "cannot be written", errno);
}

void ScanJournal::Remove() {
  file_.reset();
  unlink(path_.c_str());
}

}  // namespace foothold
