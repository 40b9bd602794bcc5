// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <unordered_map>

#include "foothold/corpus/ledger_files.h"

namespace foothold {

// A file server in memory with a clock of its own. Counts what the same calls would be as operations on a
// real one (system calls that reach it).
class MemoryFiles : public LedgerFiles {
 public:
  double now_s = 0;     // Of the server and of every rank.
  long operations = 0;  // So far; those of each kind of call:
  long for_creating = 0, for_writing = 0, for_stat = 0, for_listing = 0, for_reading = 0, for_replacing = 0,
       for_touching = 0;

  void MakeFolder(const std::string&) override { ++operations; }
  std::unique_ptr<Writer> CreateNew(const std::string& path) override;
  bool Stat(const std::string& path, Facts* facts) override;
  std::vector<std::string> List(const std::string& folder) override;
  std::string Read(const std::string& path, int64_t offset) override;
  void Replace(const std::string& path, const std::string& text) override;
  void Remove(const std::string& path) override;
  bool Touch(const std::string& path) override;
  double ServerTime_s(const std::string&) override {
    Count(&for_touching, 4);  // open, touch, stat, close
    return now_s;
  }
  double Now_s() override { return now_s; }
  bool needs_heartbeat_thread() const override { return false; }

 private:
  struct File {
    std::string text;
    double modified_s = 0;
  };
  class MemoryWriter;
  void Count(long* kind, size_t more) {
    operations += static_cast<long>(more);
    *kind += static_cast<long>(more);
  }

  std::unordered_map<std::string, File> files_;
  std::unordered_map<std::string, std::set<std::string>> folders_;
};

}  // namespace foothold
