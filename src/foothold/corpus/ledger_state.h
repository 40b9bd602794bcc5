// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "foothold/corpus/ledger_record.h"

namespace foothold {

enum class UnitStatus { kOpen, kDone, kPartly, kRejected, kQuarantined };  // kPartly: clips were rejected.
const char* NameOf(UnitStatus status);

// The last attempts at a unit that ended so; 0: none.
struct UnitHistory {
  uint16_t done = 0, rejected = 0, failed = 0, quarantined = 0, reopened = 0;
  bool partly = false;  // Of `done`.

  UnitStatus status() const;
  // Each field only grows, so records and snapshots may come in any order, and twice.
  void Add(const RecordHead& head);
  void Add(const UnitHistory& other);
  bool operator==(const UnitHistory&) const = default;
};

// What is known of every unit: one byte for one that is open or was done at once, more for others.
class LedgerState {
 public:
  explicit LedgerState(size_t num_units) : codes_(num_units, kNothing) { counts_[0] = num_units; }

  size_t size() const { return codes_.size(); }
  UnitStatus StatusOf(size_t index) const;
  UnitHistory HistoryOf(size_t index) const;
  void Add(size_t index, const RecordHead& head);
  void Add(size_t index, const UnitHistory& history);
  // `count` units from `first` on were done at their first attempt.
  void AddDoneAtOnce(size_t first, size_t count, bool partly);

  size_t Count(UnitStatus status) const { return counts_[static_cast<size_t>(status)]; }
  bool all_finished() const { return Count(UnitStatus::kOpen) == 0; }

  // A mark that an unfinished unit loses when something new is known of it.
  bool IsMarked(size_t index) const { return (codes_[index] & kMark) != 0; }
  void Mark(size_t index) { codes_[index] |= kMark; }
  void Unmark(size_t index) { codes_[index] &= static_cast<uint8_t>(~kMark); }

 private:
  friend class LedgerSnapshot;
  static constexpr uint8_t kNothing = 0, kDoneAtOnce = 1, kPartlyAtOnce = 2, kInMap = 3, kMark = 4;
  uint8_t CodeOf(size_t index) const { return codes_[index] & 3; }
  void Set(size_t index, const UnitHistory& history);

  std::vector<uint8_t> codes_;
  std::unordered_map<uint32_t, UnitHistory> histories_;
  std::array<size_t, 5> counts_{};
};

}  // namespace foothold
