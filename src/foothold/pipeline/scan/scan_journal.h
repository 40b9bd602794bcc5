// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "foothold/corpus/manifest_row.h"

namespace foothold {

// Rows that an interrupted scan knows already: one line each, "<key> <row>", where the key stands for the row
// as listed, the file's size and time, and the options. A half-written last line is ignored.
class ScanJournal {
 public:
  // `rows`: as listed. Fills in those that the journal knows. Throws Error(kStorage).
  ScanJournal(std::string path, const std::string& options, std::vector<ManifestRow>* rows);
  bool IsKnown(size_t row) const { return known_[row]; }
  // Safe from several threads.
  void Add(size_t index, const ManifestRow& row);
  void Remove();

 private:
  void Read(std::vector<ManifestRow>* rows);

  std::string path_;
  std::vector<std::string> keys_;
  std::vector<char> known_;
  std::mutex mutex_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace foothold
