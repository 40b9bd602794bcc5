// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace foothold {

// Every file operation of a ledger after it was opened: the true ones, or a simulator's, which keeps the
// files in memory, counts and has a clock of its own. All throw Error(kStorage) unless they say otherwise.
class LedgerFiles {
 public:
  virtual ~LedgerFiles() = default;

  // A file that one process writes.
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual void Append(const std::string& text) = 0;
    // Append and make durable; the file stays as it was when that fails.
    virtual void AppendDurably(const std::string& text) = 0;
  };

  struct Facts {
    int64_t bytes = 0;
    double modified_s = 0;  // By the file server's clock.
  };

  virtual void MakeFolder(const std::string& path) = 0;
  // Creates a file that must not exist, and its folder when missing: null when the file does exist.
  virtual std::unique_ptr<Writer> CreateNew(const std::string& path) = 0;
  // False when the file is missing.
  virtual bool Stat(const std::string& path, Facts* facts) = 0;
  virtual std::vector<std::string> List(const std::string& folder) = 0;  // Names, without hidden ones.
  // From `offset` to the end; empty when the file is missing.
  virtual std::string Read(const std::string& path, int64_t offset) = 0;
  virtual void Replace(const std::string& path, const std::string& text) = 0;  // Whole or not at all.
  virtual void Remove(const std::string& path) = 0;                            // Never throws.
  virtual bool Touch(const std::string& path) = 0;                             // False: it failed.
  // The file server's time, learnt by touching `probe_path`.
  virtual double ServerTime_s(const std::string& probe_path) = 0;
  // Time since any moment, that never goes back.
  virtual double Now_s() = 0;
  // False: somebody else calls Ledger::Beat.
  virtual bool needs_heartbeat_thread() const = 0;
};

std::unique_ptr<LedgerFiles> MakeLedgerFiles();

}  // namespace foothold
