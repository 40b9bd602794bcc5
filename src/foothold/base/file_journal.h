// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "foothold/base/journal.h"

namespace foothold {

// A journal in a folder. `identity` names everything besides the keys that the pieces follow from.
//
// Every process appends to a file of its own, <name>.<identity>.<host>-<pid>-<n>.journal, and reads those
// of all; nobody changes another's file. Entries carry a checksum: a damaged one is not found, and a
// half-written one ends its file. They go to the disk once `interval_s` has passed since the last time, from
// a thread when no other is kept then, so a computation that is shorter writes nothing, and a killed one
// loses that much. A disk that refuses
// costs only this safety: a warning, once. Safe for several threads.
class FileJournal : public Journal {
 public:
  FileJournal(std::string folder, std::string name, const std::string& identity, double interval_s);
  ~FileJournal() override;
  FileJournal(const FileJournal&) = delete;
  FileJournal& operator=(const FileJournal&) = delete;

  bool Find(const std::string& key, std::string* bytes) override;
  void Keep(const std::string& key, std::string bytes) override;
  bool Due() override;
  void DropUnwritten(const std::string& prefix) override;
  // To the disk now.
  void Flush();
  // Removes all files of this name, of any process and identity.
  void Remove();

 private:
  struct Place {
    std::string path;
    int64_t offset = 0;
    uint64_t size = 0;
    std::string checksum;
  };

  void Index(const std::string& path);
  void FlushLocked();
  void FlushLater();
  double SecondsSinceFlush() const;

  std::string folder_, name_, identity_;
  double interval_s_;
  std::mutex mutex_;
  std::map<std::string, Place> places_;
  std::map<std::string, std::string> unwritten_;
  std::chrono::steady_clock::time_point last_flush_ = std::chrono::steady_clock::now();
  std::string own_path_;
  int descriptor_ = -1;
  int64_t own_size_ = 0;
  bool broken_ = false;
  bool stop_ = false;
  std::condition_variable wake_;
  std::thread flusher_;  // From the first entry on.
};

}  // namespace foothold
