// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/corpus/ledger_files.h"
#include "foothold/corpus/ledger_snapshot.h"
#include "foothold/corpus/ledger_state.h"
#include "foothold/corpus/unit_index.h"

namespace foothold {

// Reads the records of a ledger into a state, each byte once.
class RecordReader {
 public:
  // `units_hash` tells snapshots of this list of units from others.
  RecordReader(LedgerFiles* files, std::string ledger_folder, const UnitIndex* index, std::string units_hash);

  // Adds what the snapshot knows, unless this reader has seen it. False when there is none to use.
  bool ReadSnapshot(LedgerState* state);
  double snapshot_modified_s() const { return snapshot_modified_s_; }

  // Number of records files.
  size_t CountFiles();
  // Adds what the records files gained, except for the file `own_name`.
  void ReadNew(const std::string& own_name, LedgerState* state);
  const RecordOffsets& offsets() const { return offsets_; }
  long damaged_records() const { return damaged_records_; }

 private:
  void ReadFile(const std::string& name, LedgerState* state);

  LedgerFiles* files_;
  std::string folder_;
  const UnitIndex* index_;
  std::string units_hash_;
  RecordOffsets offsets_;
  double snapshot_modified_s_ = -1;
  bool snapshot_usable_ = false;
  bool offsets_are_of_snapshot_ = false;  // Many followers never need them.
  long damaged_records_ = 0;
};

}  // namespace foothold
