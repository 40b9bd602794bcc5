// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/error.h"

namespace foothold {

// Error(kStorage) "path: what: reason of errno; remedy", for every failed write of this project.
Error StorageError(const std::string& path, const std::string& what, int error_number);

// A file that appears under its final name complete or not at all: written as a hidden temporary in
// the same directory, fsynced, linked (never replacing an existing file), directory fsynced. The
// temporary exists, empty, from construction on, and keeps the extension of the final name.
//
//   AtomicFile file("out/label.h5");
//   WriteTo(file.temporary_path());
//   if (!file.Commit()) { /* another process committed first; our copy was dropped */ }
class AtomicFile {
 public:
  explicit AtomicFile(std::string final_path);
  ~AtomicFile();  // Removes the temporary if not committed.
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::string& temporary_path() const { return temporary_path_; }

  // Returns false, and drops the temporary, when the final name exists already. Throws
  // Error(kStorage) on any I/O error; then the final name does not exist.
  bool Commit();
  // The same, but replaces an existing file (rename). For derived files such as reports.
  void CommitReplacing();

 private:
  std::string final_path_;
  std::string temporary_path_;
  bool done_ = false;
};

// Writes `text` through AtomicFile::CommitReplacing.
void WriteFileAtomically(const std::string& path, const std::string& text);
// Whole file as text. Throws Error(kBadInput).
std::string ReadFile(const std::string& path);

}  // namespace foothold
